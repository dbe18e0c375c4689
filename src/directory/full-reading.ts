import type { Filter } from 'ldapts';
import type { DirectoryEntry, DirectoryMembers, DirectoryPage, DirectoryProblem, DirectoryWatermark } from '../shared/directory.ts';
import { LockstepError } from '../shared/errors.ts';
import { MalformedMessageError } from './ber-cursor.ts';
import { type DecodedEntry, EntryDecoder, MAX_ENTRY_BYTES } from './entry-decoder.ts';
import type { LdapConnection } from './ldap-connection.ts';
import { allOf, parseFilter } from './ldap-filter.ts';
import { rangeFrom } from './value-range.ts';

/**
 * Entries asked for at once: half of AD's MaxPageSize (1,000; Microsoft, "LDAP policies"). Measured: 500 costs no more than
 * 1,000 and halves the longest time that the event loop is blocked.
 */
const PAGE_ENTRIES = 500;
/** Below this a page costs more in round trips than it saves in memory. */
const LEAST_PAGE_ENTRIES = 20;
/** Of a page as JSON, roughly. The platform takes twice as much. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024;
/** A server that puts more than this on one page does not page at all: AD's hard limit for MaxPageSize is 20,000. */
const MOST_PAGE_ENTRIES = 20_000;
/** Of the DNs in one part of a group's list, in characters. */
const PART_CHARACTERS = 512 * 1024;

/** What MSE takes: everything with an address, all groups, dynamic groups, mail-enabled public folders. */
const TAKEN = '(|(mail=*)(proxyAddresses=*)(objectClass=group)(objectClass=msExchDynamicDistributionList)(objectClass=publicFolder))';
const taken = parseFilter(TAKEN);
const anything = parseFilter('(objectClass=*)');

/** The filter of a reading. Throws ConfigInvalid `directory.filter-invalid`. */
export const readingFilter = (custom: string | undefined): Filter =>
  custom === undefined || custom.trim() === '' ? taken : allOf([taken, parseFilter(custom)]);

export interface Reading {
  readonly connection: LdapConnection;
  /** Subtrees, none inside another. */
  readonly bases: readonly string[];
  readonly filter: Filter;
  readonly attributes: readonly string[];
  readonly watermark: DirectoryWatermark;
}

/**
 * Reads all subtrees, one after the other, and marks the last page only when everything was seen. Whether a subtree has more
 * is decided by the server's cookie alone: an empty page with a cookie goes on (RFC 2696 §3; seen behind LDAP proxies).
 * The cookies die with the connection, so a reading that breaks begins again from the start.
 */
export async function* readAll(reading: Reading): AsyncGenerator<DirectoryPage, void, void> {
  const { connection, filter, attributes, watermark } = reading;
  const decoder = new EntryDecoder(attributes);
  const asked = ['objectGUID', ...attributes, 'member'];
  const page = new PageBuilder();
  let identified = 0;
  let unidentified = 0;
  let size = PAGE_ENTRIES;
  for (const base of reading.bases) {
    let cookie: Buffer = Buffer.alloc(0);
    do {
      const decoded: DecodedEntry[] = [];
      let bytes = 0;
      const operation = cookie.length === 0 ? 'search' : 'next-page';
      cookie = await connection.search({ base, scope: 'sub', filter, attributes: asked, page: { size, cookie }, operation }, (cursor) => {
        const entry = decoder.decode(cursor);
        bytes += entry.bytesWithMembers;
        if (decoded.push(entry) > MOST_PAGE_ENTRIES) throw new MalformedMessageError('the server does not page');
      });
      // Large values (photos) would make the next page as large again: fewer entries then. RFC 2696 §2 lets the size change.
      if (decoded.length > 0) size = Math.min(PAGE_ENTRIES, Math.max(LEAST_PAGE_ENTRIES, Math.floor((decoded.length * MAX_PAGE_BYTES) / bytes)));
      for (const found of decoded) {
        if (found.guid === null) {
          unidentified++;
          page.addProblem({ guid: null, subject: found.dn, code: 'directory.entry-without-guid', detail: 'The object came without a readable objectGUID and cannot be identified.' });
        } else {
          identified++;
          yield* readEntry(connection, found, found.guid, page);
        }
        if (page.full) yield page.take();
      }
    } while (cookie.length > 0);
  }
  if (identified === 0) throw nothingFound(connection, unidentified);
  yield { ...page.take(), last: true, watermark };
}

/** Adds one object with all its values, yielding pages that get full on the way. */
async function* readEntry(connection: LdapConnection, found: DecodedEntry, guid: string, page: PageBuilder): AsyncGenerator<DirectoryPage, void, void> {
  const { dn } = found;
  let { attributes, bytes } = found;
  for (const { attribute, next } of found.partial) {
    if (attribute === 'member') continue;
    const values: string[] = [...(attributes[attribute] ?? [])];
    for await (const part of remainingValues(connection, dn, guid, attribute, next)) {
      bytes += part.bytes;
      for (const problem of part.problems) page.addProblem(problem);
      if (bytes > MAX_ENTRY_BYTES) {
        page.addProblem({ guid, subject: dn, code: 'directory.value-too-large', detail: `Left out in part, because the object is larger than ${MAX_ENTRY_BYTES} bytes: ${attribute}.` });
        break;
      }
      values.push(...part.values);
    }
    attributes = { ...attributes, [attribute]: values };
  }
  page.addEntry({ guid, dn, attributes }, bytes);
  for (const problem of found.problems) page.addProblem(problem);
  if (!found.isGroup) return;

  const rest = found.partial.find(({ attribute }) => attribute === 'member');
  yield* addMembers(page, guid, found.members, rest === undefined);
  if (rest === undefined) return;
  for await (const part of remainingValues(connection, dn, guid, 'member', rest.next)) {
    for (const problem of part.problems) page.addProblem(problem);
    yield* addMembers(page, guid, part.values, part.last);
  }
}

/** Adds members in parts of a bounded size. A group without members gets one empty part, for it may have had some. */
function* addMembers(page: PageBuilder, guid: string, dns: readonly string[], last: boolean): Generator<DirectoryPage, void, void> {
  let from = 0;
  do {
    let to = from;
    for (let characters = 0; to < dns.length && characters < PART_CHARACTERS; to++) characters += dns[to]?.length ?? 0;
    page.addMembers({ guid, dns: from === 0 && to === dns.length ? dns : dns.slice(from, to), last: last && to === dns.length });
    if (page.full) yield page.take();
    from = to;
  } while (from < dns.length);
}

interface ValuePart {
  readonly values: readonly string[];
  readonly last: boolean;
  readonly problems: readonly DirectoryProblem[];
  readonly bytes: number;
}

/**
 * The values of one attribute from index `next` on, part by part as the server gives them (MS-ADTS §3.1.1.3.1.3.3). The parts
 * are no snapshot: when the object goes away meanwhile, this ends with a recorded problem and without a `last` part, so
 * that a group keeps the list it had until the next reading.
 */
async function* remainingValues(connection: LdapConnection, dn: string, guid: string, attribute: string, next: number): AsyncGenerator<ValuePart, void, void> {
  const decoder = new EntryDecoder([attribute]);
  const incomplete = (detail: string): ValuePart => ({
    values: [], last: false, bytes: 0, problems: [{ guid, subject: dn, code: 'directory.values-incomplete', detail: `${attribute}: ${detail}` }],
  });
  for (let from: number | undefined = next; from !== undefined; ) {
    const parts: DecodedEntry[] = [];
    try {
      await connection.search(
        { base: dn, scope: 'base', filter: anything, attributes: [rangeFrom(attribute, from)], operation: 'range' },
        (cursor) => void parts.push(decoder.decode(cursor)),
      );
    } catch (error) {
      if (!(error instanceof LockstepError) || error.class !== 'ItemUnreadable') throw error;
      yield incomplete(error.message);
      return;
    }
    const part = parts[0];
    const rest: number | undefined = part?.partial[0]?.next;
    // A server that neither ends nor moves on would be asked for ever.
    if (part === undefined || (rest !== undefined && rest <= from)) {
      yield incomplete(`The values from ${from} on were not returned.`);
      return;
    }
    from = rest;
    yield {
      values: attribute === 'member' ? part.members : (part.attributes[attribute] ?? []),
      last: from === undefined,
      problems: part.problems.map((problem) => ({ ...problem, guid })),
      bytes: part.bytes,
    };
  }
}

class PageBuilder {
  #entries: DirectoryEntry[] = [];
  #members: DirectoryMembers[] = [];
  #problems: DirectoryProblem[] = [];
  #bytes = 0;

  get full(): boolean {
    return Math.max(this.#entries.length, this.#members.length, this.#problems.length) >= PAGE_ENTRIES || this.#bytes >= MAX_PAGE_BYTES - MAX_ENTRY_BYTES;
  }

  addEntry(entry: DirectoryEntry, bytes: number): void {
    this.#entries.push(entry);
    this.#bytes += bytes;
  }

  addMembers(members: DirectoryMembers): void {
    this.#members.push(members);
    for (const dn of members.dns) this.#bytes += dn.length + 3;
  }

  addProblem(problem: DirectoryProblem): void {
    this.#problems.push(problem);
    this.#bytes += problem.detail.length + problem.subject.length;
  }

  take(): DirectoryPage {
    const page: DirectoryPage = { entries: this.#entries, members: this.#members, problems: this.#problems, last: false };
    this.#entries = [];
    this.#members = [];
    this.#problems = [];
    this.#bytes = 0;
    return page;
  }
}

/** Never a complete reading: it would end everything that is known. */
function nothingFound(connection: LdapConnection, unidentified: number): LockstepError {
  const seen = unidentified === 0 ? 'The directory showed no object at all' : `The directory showed ${unidentified} objects and the objectGUID of none`;
  return new LockstepError({
    class: 'ConfigInvalid',
    code: 'directory.nothing-found',
    message: `${seen} (${connection.endpoint.host}). Nothing was changed.`,
    next: 'Check what the account may read, the search bases and the filter.',
  });
}
