/** Which mailboxes, for any number of tasks. Who is meant is found at each run: see group-mailboxes.ts. */
import { sql } from 'kysely';
import { type DirectoryObjectId, mailboxGroupId, type MailboxGroupId } from '../shared/ids.ts';
import type { MailboxGroupSource } from '../shared/tasks.ts';
import type { OrganisationTransaction } from './database.ts';
import { groupId } from './groups.ts';
import { InvalidInputError, type Issue, NotFoundError } from './record-errors.ts';
import { type TaskPart, taskParts } from './task-parts.ts';

interface Columns {
  readonly source: MailboxGroupSource;
}
export type MailboxGroupView = TaskPart<MailboxGroupId, Columns>;

export const mailboxGroups = taskParts<MailboxGroupId, Columns>({
  table: 'mailbox_group',
  codePrefix: 'mailbox-group',
  words: 'mailbox group',
  columns: { source: 'json' },
  usedBy: 'group_id',
  idOf: mailboxGroupId,
  issues: ({ source }) => (source?.kind === 'mailboxes' ? addressIssues(source.addresses) : []),
});

function addressIssues(addresses: readonly string[]): Issue[] {
  return addresses.flatMap((address, index) =>
    /^[^\s@]+@[^\s@]+$/.test(address) ? [] : [{ path: `/source/addresses/${index}`, message: `"${address}" is no e-mail address` }],
  );
}

/** How administrators say it: a group by id, address or name, addresses in any case. */
export type GivenSource = { readonly kind: 'directory-group'; readonly group: string } | Extract<MailboxGroupSource, { kind: 'mailboxes' }>;

/**
 * What is stored of it: the group that is meant now, whatever it is called later; each address once.
 * @throws InvalidInputError when there is no such group; ConflictError `group.name-ambiguous`
 */
export async function sourceOf(tx: OrganisationTransaction, given: GivenSource): Promise<MailboxGroupSource> {
  if (given.kind === 'mailboxes') return { kind: 'mailboxes', addresses: [...new Set(given.addresses.map((address) => address.trim().toLowerCase()))] };
  try {
    return { kind: 'directory-group', group: await groupId(tx, given.group) };
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    throw new InvalidInputError([{ path: '/source/group', message: `there is no group "${given.group}" in the archive` }]);
  }
}

/** What the groups of the directory are called now. */
export async function directoryGroupNames(
  tx: OrganisationTransaction,
  groups: readonly MailboxGroupView[],
): Promise<ReadonlyMap<DirectoryObjectId, string>> {
  const ids = groups.flatMap(({ source }) => (source.kind === 'directory-group' ? [source.group] : []));
  const { rows } = await sql<{ id: DirectoryObjectId; name: string }>`
    select o.id, o.display_name as name
    from unnest(${[...new Set(ids)]}::bigint[]) as given (id)
    cross join lateral (select * from directory_object o where o.id = given.id limit 1) o`.execute(tx);
  return new Map(rows.map(({ id, name }) => [id, name]));
}
