/** What a page of a `directory-sync` run does to the archive. Nothing is ever deleted but a membership that ended. */
import { sql } from 'kysely';
import type { DirectoryPage, DirectoryProblem } from '../shared/directory.ts';
import type { OrganisationTransaction } from './database.ts';
import type { DirectoryAttempt, DirectoryTotalsDelta } from './directory-attempt.ts';
import { mergeMembers, type MergedMembers } from './directory-members.ts';
import { mapPage, rowParameter } from './directory-objects.ts';
import { mergeProblems, recordProblems, unreadableObjects } from './directory-problems.ts';
import { sqlFile } from './sql-file.ts';

interface ObjectCounts {
  readonly seen: string;
  readonly added: string;
  readonly changed: string;
  readonly returned: string;
  readonly unchanged: string;
}
const applyObjectsSql = sqlFile<ObjectCounts, [rows: string, integration: string, epoch: number, firstEpoch: number]>(
  'apply-objects',
);
const applyMembersSql = sqlFile<
  { guid: string; what: 'unknown' | 'changed' },
  [groups: string, integration: string, epoch: number]
>('apply-members');
const stampUnreadableSql = sqlFile<
  never,
  [integration: string, epoch: number, firstEpoch: number, guids: readonly string[], dnKeys: readonly Buffer[]]
>('stamp-unreadable');
const endUnseenSql = sqlFile<{ missing: string }, [integration: string, epoch: number, firstEpoch: number]>(
  'end-unseen',
);
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
    await stampUnreadableSql(
      tx,
      attempt.integration,
      attempt.epoch,
      attempt.firstEpoch,
      unreadable.guids,
      unreadable.dnKeys,
    );
  }
  const members = mergeMembers(page.members);
  const groups = await applyMembers(tx, attempt, members);
  const problems = mergeProblems([...page.problems, ...mapped.problems, ...members.problems, ...groups.problems]);
  await recordProblems(tx, attempt, problems);
  return {
    ...objects,
    changed: (objects?.changed ?? 0) + groups.changed,
    unchanged: (objects?.unchanged ?? 0) - groups.changed,
    members: members.count,
    problems: problems.length,
  };
}

/**
 * Ends a reading: marks what it did not see as missing, and settles the problems. Gives the totals that only the end
 * knows.
 */
export async function completeDirectoryReading(
  tx: OrganisationTransaction,
  { run, integration, epoch, firstEpoch }: DirectoryAttempt,
): Promise<DirectoryTotalsDelta> {
  const [unseen] = await endUnseenSql(tx, integration, epoch, firstEpoch);
  // Two directories of one organisation may end at the same moment: the second sees what the first left.
  await sql`select pg_advisory_xact_lock(hashtextextended('address-claims' || current_setting('lockstep.org'), 0))`.execute(
    tx,
  );
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

interface AppliedMembers {
  /** Groups that were the same but for their members. */
  readonly changed: number;
  /** One for each group that is not known: its entry comes before its members, unless it could not be kept. */
  readonly problems: readonly DirectoryProblem[];
}

async function applyMembers(
  tx: OrganisationTransaction,
  { integration, epoch }: DirectoryAttempt,
  { groups }: MergedMembers,
): Promise<AppliedMembers> {
  if (groups.length === 0) return { changed: 0, problems: [] };
  const rows = await applyMembersSql(tx, JSON.stringify(groups), integration, epoch);
  const unknown = rows.filter(({ what }) => what === 'unknown');
  const problems = unknown.map(({ guid }) => ({
    guid,
    subject: guid,
    code: 'group.unknown',
    detail: 'Its members were read, the group itself was not.',
  }));
  return { changed: rows.length - unknown.length, problems };
}
