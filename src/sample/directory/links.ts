/** Who points to an object: by the key of its DN, because links may point to what is not here. */
export class Links {
  /** Key of the target → attribute → ids of the objects with the value. */
  readonly #byTarget = new Map<string, Map<string, Set<string>>>();

  add(target: string, attribute: string, from: string): void {
    let attributes = this.#byTarget.get(target);
    if (attributes === undefined) this.#byTarget.set(target, (attributes = new Map<string, Set<string>>()));
    const ids = attributes.get(attribute);
    if (ids === undefined) attributes.set(attribute, new Set([from]));
    else ids.add(from);
  }

  remove(target: string, attribute: string, from: string): void {
    const attributes = this.#byTarget.get(target);
    const ids = attributes?.get(attribute);
    if (attributes === undefined || ids?.delete(from) !== true || ids.size > 0) return;
    attributes.delete(attribute);
    if (attributes.size === 0) this.#byTarget.delete(target);
  }

  /** Ids of the objects that name the target in the attribute. */
  to(target: string, attribute: string): Iterable<string> {
    return this.#byTarget.get(target)?.get(attribute) ?? [];
  }

  /** Every id with the attributes in which it names the target. */
  allTo(target: string): Map<string, string[]> {
    const from = new Map<string, string[]>();
    for (const [attribute, ids] of this.#byTarget.get(target) ?? [])
      for (const id of ids) from.set(id, [...(from.get(id) ?? []), attribute]);
    return from;
  }
}
