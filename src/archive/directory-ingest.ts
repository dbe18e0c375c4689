/** What a page of a `directory-sync` run does to the archive. Nothing is ever deleted but a membership that ended. */
import { sql } from 'kysely';
import type { DirectoryMembers, DirectoryPage, DirectoryProblem } from '../shared/directory.ts';
import type { OrganisationTransaction } from './database.ts';
import type { DirectoryAttempt, DirectoryTotalsDelta } from './directory-attempt.ts';
import { dnKey } from './directory-dn.ts';
import { mapPage, rowParameter } from './directory-objects.ts';
import { mergeProblems, recordProblems, unreadableObjects } from './directory-problems.ts';
import { storable } from './directory-text.ts';
import { sqlFile } from './sql-file.ts';

interface ObjectCounts {
  readonly seen: string;
  readonly added: string;
  readonly changed: string;
  readonly returned: string;
  readonly unchanged: string;
}
const applyObjectsSql = sqlFile<ObjectCounts, [rows: string, integration: string, epoch: number, firstEpoch: number]>('apply-objects');
const applyMembersSql = sqlFile<{ guid: string }, [groups: string, integration: string, epoch: number]>('apply-members');
const stampUnreadableSql = sqlFile<
  never,
  [integration: string, epoch: number, firstEpoch: number, guids: readonly string[], dnKeys: readonly Buffer[]]
>('stamp-unreadable');
const endUnseenSql = sqlFile<{ missing: string }, [integration: string, epoch: number, firstEpoch: number]>('end-unseen');
const recordClaimsSql = sqlFile<never, [run: string, epoch: number]>('record-claims');

/** Applies a page and gives what it adds to the totals. In the transaction of commitPage only. */
export async function applyDirectoryPage(
  tx: OrganisationTransaction,
  attempt: DirectoryAttempt,
  page: DirectoryPage,
): Promise<DirectoryTotalsDelta> {
  const mapped = mapPage(page.entries, attempt.settings);
  const objects = mapped.rows.length === 0 ? undefined : await applyObjects(tx, attempt, rowParameter(mapped.rows));
  const unreadable = unreadableObjects(mapped.unkeepable, page.problems);
  if (unreadable !== undefined) {
    await stampUnreadableSql(tx, attempt.integration, attempt.epoch, attempt.firstEpoch, unreadable.guids, unreadable.dnKeys);
  }
  const groups = mergeParts(page.members);
  const unknownGroups = groups.groups.size === 0 ? [] : await applyMembers(tx, attempt, groups.groups);
  const problems = mergeProblems([...page.problems, ...mapped.problems, ...groups.problems, ...unknownGroups]);
  await recordProblems(tx, attempt, problems);
  return { ...objects, members: groups.count, problems: problems.length };
}

/** Ends a reading: marks what it did not see as missing, and settles the problems. Gives the totals that only the end knows. */
export async function completeDirectoryReading(
  tx: OrganisationTransaction,
  { run, integration, epoch, firstEpoch }: DirectoryAttempt,
): Promise<DirectoryTotalsDelta> {
  const [unseen] = await endUnseenSql(tx, integration, epoch, firstEpoch);
  // Two directories of one organisation may end at the same moment: the second sees what the first left.
  await sql`select pg_advisory_xact_lock(hashtextextended('address-claims' || current_setting('lockstep.org'), 0))`.execute(tx);
  await recordClaimsSql(tx, run, epoch);
  await tx
    .updateTable('directory_problem')
    .set({ resolved_at: sql<Date>`now()` })
    .where('integration_id', '=', integration)
    .where('code', '<>', 'address.claimed-twice')
    .where('epoch', '<', String(epoch))
    .where('resolved_at', 'is', null)
    .execute();
  const open = await tx
    .selectFrom('directory_problem')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .where('integration_id', '=', integration)
    .where('resolved_at', 'is', null)
    .executeTakeFirstOrThrow();
  return { missing: Number(unseen?.missing ?? 0), problems: Number(open.count) };
}

async function applyObjects(
  tx: OrganisationTransaction,
  { integration, epoch, firstEpoch }: DirectoryAttempt,
  rows: string,
): Promise<DirectoryTotalsDelta> {
  const [counts] = await applyObjectsSql(tx, rows, integration, epoch, firstEpoch);
  return {
    seen: Number(counts?.seen),
    added: Number(counts?.added),
    changed: Number(counts?.changed),
    returned: Number(counts?.returned),
    unchanged: Number(counts?.unchanged),
  };
}

interface GroupMembers {
  readonly guid: string;
  last: boolean;
  /** DN by key in hex: a member is named once. */
  readonly members: Map<string, string>;
}

/** The parts of each group in this page as one. */
function mergeParts(parts: readonly DirectoryMembers[]) {
  const groups = new Map<string, GroupMembers>();
  const problems: DirectoryProblem[] = [];
  let count = 0;
  for (const { guid, dns, last } of parts) {
    const group = groups.get(guid) ?? { guid, last: false, members: new Map<string, string>() };
    groups.set(guid, group);
    group.last ||= last;
    for (const dn of dns) {
      const key = dnKey(dn)?.toString('hex');
      if (key !== undefined) group.members.set(key, storable(dn));
      else problems.push({ guid, subject: dn, code: 'member.dn-invalid', detail: 'The distinguished name of this member cannot be understood.' });
    }
  }
  for (const { members } of groups.values()) count += members.size;
  return { groups, problems, count };
}

/** @returns a problem for each group that is not known: its entry comes before its members, unless it could not be kept. */
async function applyMembers(
  tx: OrganisationTransaction,
  { integration, epoch }: DirectoryAttempt,
  groups: ReadonlyMap<string, GroupMembers>,
): Promise<DirectoryProblem[]> {
  const parameter = JSON.stringify(
    [...groups.values()].map(({ guid, last, members }) => ({ guid, last, members: [...members].map(([key, dn]) => ({ key, dn })) })),
  );
  const unknown = await applyMembersSql(tx, parameter, integration, epoch);
  return unknown.map(({ guid }) => ({
    guid,
    subject: guid,
    code: 'group.unknown',
    detail: 'Its members were read, the group itself was not.',
  }));
}
