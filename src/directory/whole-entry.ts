import type { DirectoryProblem } from '../shared/directory.ts';
import { LockstepError } from '../shared/errors.ts';
import { type DecodedEntry, EntryDecoder, MAX_ENTRY_BYTES } from './entry-decoder.ts';
import type { LdapConnection } from './ldap-connection.ts';
import { parseFilter } from './ldap-filter.ts';
import type { PageBuilder, PageParts } from './page-builder.ts';
import { rangeFrom } from './value-range.ts';

/** Of the DNs in one part of a group's list, in characters. */
export const PART_CHARACTERS = 512 * 1024;

const anything = parseFilter('(objectClass=*)');

/**
 * Adds one object with all its values to the page, yielding pages that get full on the way. Its members too, unless `withMembers`
 * is false.
 */
export async function* addWholeEntry(connection: LdapConnection, found: DecodedEntry, page: PageBuilder, withMembers = true): AsyncGenerator<PageParts, void, void> {
  const { dn, guid, usn } = found;
  for (const problem of found.problems) page.addProblem(problem);
  if (guid === null) {
    page.addProblem({ guid: null, subject: dn, code: 'directory.entry-without-guid', detail: 'The object came without a readable objectGUID and cannot be identified.' });
    return;
  }
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
  page.addEntry({ guid, dn, attributes, ...(usn === undefined ? {} : { usn }) }, bytes);
  if (!found.isGroup || !withMembers) return;

  const rest = found.partial.find(({ attribute }) => attribute === 'member');
  yield* addMembers(page, guid, usn, found.members, rest === undefined);
  if (rest === undefined) return;
  for await (const part of remainingValues(connection, dn, guid, 'member', rest.next)) {
    for (const problem of part.problems) page.addProblem(problem);
    yield* addMembers(page, guid, usn, part.values, part.last);
  }
}

/** Adds members in parts of a bounded size. A group without members gets one empty part, for it may have had some. */
function* addMembers(page: PageBuilder, guid: string, usn: string | undefined, dns: readonly string[], last: boolean): Generator<PageParts, void, void> {
  let from = 0;
  do {
    let to = from;
    for (let characters = 0; to < dns.length && characters < PART_CHARACTERS; to++) characters += dns[to]?.length ?? 0;
    page.addMembers({ guid, dns: from === 0 && to === dns.length ? dns : dns.slice(from, to), last: last && to === dns.length, ...(usn === undefined ? {} : { usn }) });
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
