import type { DirectoryObjectQuery, DirectoryObjectStepName, DirectoryPage } from '../shared/directory.ts';
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
import { StepList } from './step-list.ts';
import { attributesFor, takenClasses } from './taken-objects.ts';
import { addWholeEntry } from './whole-entry.ts';

/** Of several objects with one address, the administrator is told so many. */
const SHOWN_OBJECTS = 5;

/** See DirectorySource.object. */
export async function readOneObject(options: SessionOptions, query: DirectoryObjectQuery, signal: AbortSignal): Promise<SourceObject> {
  const list = new StepList<DirectoryObjectStepName>(signal);
  const pages: DirectoryPage[] = [];
  const connection = await list.run('connect', async () => {
    const found = await openSession(options, signal);
    return { found, detail: `Signed in to ${found.endpoint.host} as ${options.settings.account}.` };
  });
  if (connection === undefined) return { steps: list.steps, pages };
  try {
    let base = '';
    let invocationId: string | null = null;
    const guid = await list.run('find', async () => {
      const root = await readRootDse(connection);
      base = namingContextOf(root);
      invocationId = await readInvocationId(connection, root);
      const found = await find(connection, base, query);
      return { found: found.guid, detail: `Found ${found.dn} (${found.guid}) on ${root.dnsHostName}.` };
    });
    if (guid === undefined) return { steps: list.steps, pages };
    await list.run('read', async () => {
      const object = (await readByGuid(connection, base, [guid], [...attributesFor(options.settings), 'member'])).get(guid);
      if (object === undefined || isDeleted(object)) throw notFound(query, 'It went away while it was read.');
      const page = new PageBuilder();
      const add = (last: boolean, { entries, members, problems } = page.take()) =>
        void pages.push({ entries, members, problems, last, ...(invocationId === null ? {} : { invocationId }) });
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

async function find(connection: LdapConnection, base: string, query: DirectoryObjectQuery): Promise<{ readonly guid: string; readonly dn: string }> {
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
  if (object === undefined) {
    throw notFound(query, found.length > 0 ? 'It was deleted; that comes with the changes or the next full reading.' : 'Or it is of a kind that is not read, or the account may not see it.');
  }
  if (present.length > 1) throw ambiguous(query, present);
  if (object.guid === null) throw notFound(query, 'Its objectGUID cannot be read.');
  return { guid: object.guid, dn: object.dn };
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
