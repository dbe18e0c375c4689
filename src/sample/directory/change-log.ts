/** Which object was changed last at which USN: what has changed since one is found without looking at all else. */
export class ChangeLog {
  /** Rising USNs. An entry is stale when its object was changed again. */
  #entries: { readonly usn: number; readonly id: string }[] = [];
  readonly #last = new Map<string, number>();

  /** `usn` must be higher than any before. */
  add(id: string, usn: number): void {
    this.#entries.push({ usn, id });
    this.#last.set(id, usn);
    if (this.#entries.length > 2 * this.#last.size + 100) this.#entries = this.#entries.filter(this.#current);
  }

  remove(id: string): void {
    this.#last.delete(id);
  }

  /** Ids whose last change has a higher USN, in the order of these. Take what is needed before the next change. */
  *since(usn: number): Generator<string> {
    for (let i = this.#firstAfter(usn); i < this.#entries.length; i++) {
      const entry = this.#entries[i];
      if (entry !== undefined && this.#current(entry)) yield entry.id;
    }
  }

  readonly #current = ({ id, usn }: { readonly usn: number; readonly id: string }): boolean =>
    this.#last.get(id) === usn;

  #firstAfter(usn: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.usn ?? 0) > usn) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
