/** Members of groups: whole lists, in parts, and what changes say of single members. */
import type { DirectoryProblem } from '../shared/directory.ts';
import type { IntegrationId, RunId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import type { DirectoryContext } from './directory-attempt.ts';
import type { GroupMembers } from './directory-members.ts';
import { currentNames, type PageOrigin } from './directory-names.ts';
import { sqlFile } from './sql-file.ts';

const applyMembersSql = sqlFile<
  { guid: string; what: 'unknown' | 'changed' },
  [groups: string, integration: string, epoch: number, stamp: number, controller: string | null, told: boolean]
>('apply-members');
const keepPartsSql = sqlFile<never, [groups: string, integration: string]>('keep-member-parts');
const takePartsSql = sqlFile<{ guid: string; key: string; dn: string }, [guids: readonly string[], integration: string]>('take-member-parts');
const removeMembersSql = sqlFile<never, [groups: string, integration: string, controller: string | null]>('remove-members');
const addMembersSql = sqlFile<never, [groups: string, integration: string, controller: string | null, epoch: number]>('add-members');

/** No reading has an epoch below 1: a list that is applied with it leaves nobody in the group who is not in the list. */
const WHOLE_LIST = -1;

export interface AppliedMembers {
  /** Groups that were the same but for their members. */
  readonly changed: number;
  /** One for each group that is not known: its entry comes before its members, unless it could not be kept. */
  readonly problems: readonly DirectoryProblem[];
}

/** Applies the lists of a page, or parts of lists. */
export async function applyMembers(
  tx: OrganisationTransaction,
  { integration, run, epoch }: DirectoryContext,
  { controller, told }: PageOrigin,
  given: readonly GroupMembers[],
): Promise<AppliedMembers> {
  const lists = told ? await wholeLists(tx, run ?? integration, given) : given;
  if (lists.length === 0) return { changed: 0, problems: [] };
  const names = await currentNames(tx, integration, lists.flatMap(({ members }) => members.map(({ key }) => key)));
  const groups = names.size === 0 ? lists : lists.map((list) => ({ ...list, members: renewed(list.members, names) }));
  const rows = await applyMembersSql(tx, JSON.stringify(groups), integration, epoch, told ? WHOLE_LIST : epoch, controller, told);
  const unknown = rows.filter(({ what }) => what === 'unknown');
  const problems = unknown.map(({ guid }) => ({
    guid,
    subject: guid,
    code: 'group.unknown',
    detail: 'Its members were read, the group itself was not.',
  }));
  return { changed: rows.length - unknown.length, problems };
}

type Members = GroupMembers['members'];

/** Each member once, under its present name; those who are gone left out. */
function renewed(members: Members, names: ReadonlyMap<string, Members[number] | null>): Members {
  const now = members.flatMap((member) => {
    const name = names.get(member.key);
    return name === null ? [] : [name ?? member];
  });
  return [...new Map(now.map((member) => [member.key, member])).values()];
}

/**
 * A page of changes may hold parts of lists too. They wait for their last: what a reading knows of a list that it has begun is
 * told by its epoch, and changes have none of their own. `teller`: the integration for its watcher, else the run that reads one object; the
 * two may be telling the same list at once.
 */
async function wholeLists(tx: OrganisationTransaction, teller: IntegrationId | RunId, given: readonly GroupMembers[]): Promise<GroupMembers[]> {
  const parts = given.filter(({ last }) => !last);
  if (parts.length > 0) await keepPartsSql(tx, JSON.stringify(parts), teller);
  const lists = given.filter(({ last }) => last);
  if (lists.length === 0) return [];
  const before = new Map<string, Members[number][]>();
  for (const { guid, key, dn } of await takePartsSql(tx, lists.map(({ guid }) => guid), teller)) {
    const members = before.get(guid) ?? [];
    members.push({ key, dn });
    before.set(guid, members);
  }
  return lists.map((list) => ({ ...list, members: renewed([...(before.get(list.guid) ?? []), ...list.members], new Map()) }));
}

/** A watcher, or a run, that begins again gives every list from its beginning. */
export const forgetMemberParts = (tx: OrganisationTransaction, teller: IntegrationId | RunId) =>
  tx.deleteFrom('directory_member_part').where('teller_id', '=', teller).execute();

/** What changes say of one group, in the end: each member once. Keys in hex. */
export interface MemberChanges {
  readonly guid: string;
  readonly usn: string | null;
  readonly added: Members;
  /** Every key by which the member may be known. */
  readonly removed: readonly string[];
}

export async function applyMemberChanges(
  tx: OrganisationTransaction,
  { integration, epoch }: DirectoryContext,
  controller: string | null,
  changes: readonly MemberChanges[],
): Promise<void> {
  if (changes.length === 0) return;
  const parameter = JSON.stringify(changes);
  // Apart: who joins may have the name of who leaves.
  await removeMembersSql(tx, parameter, integration, controller);
  await addMembersSql(tx, parameter, integration, controller, epoch);
}
