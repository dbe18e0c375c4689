import type { DirectoryChangeEntry, DirectoryEntry, DirectoryMembers, DirectoryProblem } from '../shared/directory.ts';
import { MAX_ENTRY_BYTES } from './entry-decoder.ts';

/** Objects, lists and problems of a page each. Half of AD's MaxPageSize (1,000; Microsoft, "LDAP policies"). */
export const PAGE_ENTRIES = 500;
/** Of a page as JSON, roughly. The platform takes twice as much. */
export const MAX_PAGE_BYTES = 4 * 1024 * 1024;

export interface PageParts {
  readonly entries: readonly DirectoryEntry[];
  readonly members: readonly DirectoryMembers[];
  readonly changes: readonly DirectoryChangeEntry[];
  readonly problems: readonly DirectoryProblem[];
}

/** Gathers what goes into one page, and tells when that is enough. */
export class PageBuilder {
  #entries: DirectoryEntry[] = [];
  #members: DirectoryMembers[] = [];
  #changes: DirectoryChangeEntry[] = [];
  #problems: DirectoryProblem[] = [];
  #bytes = 0;

  get empty(): boolean {
    return this.#entries.length + this.#members.length + this.#changes.length + this.#problems.length === 0;
  }

  get full(): boolean {
    const most = Math.max(this.#entries.length, this.#members.length, this.#changes.length, this.#problems.length);
    return most >= PAGE_ENTRIES || this.#bytes >= MAX_PAGE_BYTES - MAX_ENTRY_BYTES;
  }

  addEntry(entry: DirectoryEntry, bytes: number): void {
    this.#entries.push(entry);
    this.#bytes += bytes;
  }

  addMembers(members: DirectoryMembers): void {
    this.#members.push(members);
    for (const dn of members.dns) this.#bytes += dn.length + 3;
  }

  addChange(change: DirectoryChangeEntry): void {
    this.#changes.push(change);
    this.#bytes += change.dn.length + 200;
    for (const { dn } of [...change.memberAdded, ...change.memberRemoved]) this.#bytes += dn.length + 60;
  }

  addProblem(problem: DirectoryProblem): void {
    this.#problems.push(problem);
    this.#bytes += problem.detail.length + problem.subject.length;
  }

  take(): PageParts {
    const parts = { entries: this.#entries, members: this.#members, changes: this.#changes, problems: this.#problems };
    this.#entries = [];
    this.#members = [];
    this.#changes = [];
    this.#problems = [];
    this.#bytes = 0;
    return parts;
  }
}
