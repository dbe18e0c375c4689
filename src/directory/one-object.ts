import type { DirectoryObjectQuery, DirectoryObjectSearch, DirectoryObjectStepName, DirectoryPage } from '../shared/directory.ts';
import { LockstepError } from '../shared/errors.ts';
import type { SourceObject } from './directory-source.ts';
import { type DecodedEntry, EntryDecoder } from './entry-decoder.ts';
import type { LdapConnection } from './ldap-connection.ts';
import { allOf, parseFilter } from './ldap-filter.ts';
import { openSession, type SessionOptions } from './ldap-session.ts';
import { guidAssertion } from './object-guid.ts';
import { isDeleted, readByGuid } from './objects-by-guid.ts';
import { PageBuilder } from './page-builder.ts';
import { readInvocationId, readRootDse } from './root-dse.ts';
import { namingContextOf } from './search-bases.ts';
import { StepList } from '../shared/step-list.ts';
import { attributesFor, takenClasses } from './taken-objects.ts';
import { addWholeEntry } from './whole-entry.ts';

/** Of several objects with one address, the administrator is told so many. */
const SHOWN_OBJECTS = 5;

/** See DirectorySource.object. */
export async function readOneObject(options: SessionOptions, query: DirectoryObjectSearch, signal: AbortSignal): Promise<SourceObject> {
  const list = new StepList<DirectoryObjectStepName>(signal);
  const pages: DirectoryPage[] = [];
  const connection = await list.run('connect', async () => {
    const found = await openSession({ ...options, ...(query.controller === undefined ? {} : { controller: query.controller }) }, signal);
    return { found, detail: `Signed in to ${found.endpoint.host} as ${options.settings.account}.` };
  });
  if (connection === undefined) return { steps: list.steps, pages };
  try {
    let base = '';
    let invocationId: string | null = null;
    /** Whatever is read from here on is not older than that: what a watcher was told before is in it. */
    let asOf = '0';
    const found = await list.run('find', async () => {
      const root = await readRootDse(connection);
      base = namingContextOf(root);
      invocationId = await readInvocationId(connection, root);
      asOf = root.highestCommittedUsn;
      const object = await find(connection, base, query);
      return { found: object, detail: foundDetail(object, query, root.dnsHostName) };
    });
    if (found === undefined) return { steps: list.steps, pages };
    const origin = invocationId === null ? {} : { invocationId };
    const { guid } = found;
    if (found.deleted) {
      list.steps.push({ step: 'read', outcome: 'skipped', detail: 'There is nothing left to read.', durationMs: 0 });
      const deleted = { guid, ...asOfUsn(found.usn, asOf) };
      return { steps: list.steps, pages: [{ entries: [], members: [], problems: [], last: true, deleted, ...origin }] };
    }
    await list.run('read', async () => {
      const read = (await readByGuid(connection, base, [guid], [...attributesFor(options.settings), 'member'])).get(guid);
      if (read === undefined || isDeleted(read)) throw notFound(query, 'It went away while it was read.');
      const object = { ...read, ...asOfUsn(read.usn, asOf) };
      const page = new PageBuilder();
      const add = (last: boolean, { entries, members, problems } = page.take()) =>
        void pages.push({ entries, members, problems, last, ...origin });
      for await (const parts of addWholeEntry(connection, object, page)) add(false, parts);
      add(true);
      const members = pages.flatMap((each) => each.members.flatMap(({ dns }) => dns)).length;
      const problems = pages.flatMap((each) => each.problems);
      const counts = [`${Object.keys(object.attributes).length} attributes`, ...(object.isGroup ? [`${members} members`] : []), ...(problems.length === 0 ? [] : [`${problems.length} problems`])];
      return { found: undefined, detail: `Read ${counts.join(', ')}${object.usn === undefined ? '' : `, as of USN ${object.usn}`}.` };
    });
    return { steps: list.steps, pages: list.failed ? [] : pages };
  } finally {
    connection.close();
  }
}

/** An object whose own USN cannot be read has none: it would not be known when it changed. */
function asOfUsn(own: string | undefined, asOf: string): { readonly usn?: string } {
  if (own === undefined) return {};
  return { usn: BigInt(own) > BigInt(asOf) ? own : asOf };
}

interface FoundObject {
  readonly guid: string;
  readonly dn: string;
  readonly usn?: string | undefined;
  /** The directory has only its tombstone. */
  readonly deleted: boolean;
  /** Not what was asked for leads to it any more, but the GUID that the archive has. */
  readonly byStored: boolean;
}

async function find(connection: LdapConnection, base: string, query: DirectoryObjectSearch): Promise<FoundObject> {
  const decoder = new EntryDecoder(['isDeleted']);
  const found: DecodedEntry[] = [];
  const where = query.by === 'dn' ? ({ base: query.value, scope: 'base' } as const) : ({ base, scope: 'sub' } as const);
  await connection.search(
    { ...where, filter: allOf([takenClasses, parseFilter(filterOf(query))]), attributes: ['objectGUID', 'isDeleted'], showDeleted: true, operation: 'search' },
    (cursor) => void found.push(decoder.decode(cursor)),
  ).catch((error: unknown) => {
    if (error instanceof LockstepError && error.code === 'directory.base-missing') return;
    throw error;
  });
  const present = found.filter((object) => !isDeleted(object));
  const [object] = present;
  if (object === undefined) return findStored(connection, base, query, found.length > 0);
  if (present.length > 1) throw ambiguous(query, present);
  if (object.guid === null) throw notFound(query, 'Its objectGUID cannot be read.');
  return { guid: object.guid, dn: object.dn, deleted: false, byStored: false };
}

/**
 * What became of the object that the archive has. Only a tombstone proves that it was deleted: what is not there at all may be what the
 * account is not allowed to read any more.
 */
async function findStored(connection: LdapConnection, base: string, query: DirectoryObjectSearch, deletedAnother: boolean): Promise<FoundObject> {
  const { stored } = query;
  if (stored === undefined) {
    throw notFound(query, deletedAnother ? 'It was deleted, and the archive never had it.' : 'Or it is of a kind that is not read, or the account may not see it.');
  }
  const object = (await readByGuid(connection, base, [stored], ['objectClass'])).get(stored);
  if (object === undefined) {
    throw notFound(query, 'Nor does it show a tombstone of the one that the archive has: it was deleted, or the account may not read it any more. A full reading decides.');
  }
  return { guid: stored, dn: object.dn, usn: object.usn, deleted: isDeleted(object), byStored: true };
}

function foundDetail({ guid, dn, deleted, byStored }: FoundObject, { by, value }: DirectoryObjectQuery, host: string): string {
  if (deleted) return `${host} says that it was deleted: ${dn} (${guid}).`;
  const elsewhere = byStored && by !== 'guid' ? `No object has the ${by} ${value} any more; the one that the archive has under it is there: ` : 'Found ';
  return `${elsewhere}${dn} (${guid}) on ${host}.`;
}

function filterOf({ by, value }: DirectoryObjectQuery): string {
  switch (by) {
    case 'dn':
      return '(objectClass=*)';
    case 'guid':
      return `(objectGUID=${guidAssertion(value)})`;
    case 'address': {
      const text = escaped(value);
      return `(|(proxyAddresses=smtp:${text})(mail=${text})(userPrincipalName=${text})(targetAddress=smtp:${text}))`;
    }
  }
}

/** RFC 4515 §3. */
const escaped = (value: string): string => value.replace(/[\\*()\u0000]/g, (character) => `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`);

const notFound = ({ by, value }: DirectoryObjectQuery, more: string): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'directory.object-not-found',
    message: `The directory has no object with the ${by} ${value}. ${more}`,
    next: 'Check the spelling and what the account may read.',
  });

const ambiguous = ({ value }: DirectoryObjectQuery, objects: readonly DecodedEntry[]): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'directory.object-ambiguous',
    message: `${objects.length} objects have the address ${value}: ${objects.slice(0, SHOWN_OBJECTS).map(({ dn }) => dn).join('; ')}.`,
    next: 'Name one of them by its distinguished name or objectGUID.',
  });
