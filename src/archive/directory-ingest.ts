/** What a page of a `directory-sync` run does to the archive. Nothing is ever deleted but a membership that ended. */
import { sql } from 'kysely';
import type { DirectoryPage } from '../shared/directory.ts';
import type { OrganisationTransaction } from './database.ts';
import { applyObjects } from './directory-apply.ts';
import type { DirectoryAttempt, DirectoryTotalsDelta } from './directory-attempt.ts';
import { recordClaims } from './directory-claims.ts';
import { applyMembers } from './directory-member-lists.ts';
import { mergeMembers } from './directory-members.ts';
import { mapPage } from './directory-objects.ts';
import { mergeProblems, recordProblems, unreadableObjects } from './directory-problems.ts';
import { endMissing } from './directory-removals.ts';
import { linkPeople, lockPeople, relinkGone } from './person-linking.ts';
import { sqlFile } from './sql-file.ts';

const stampUnreadableSql = sqlFile<
  never,
  [integration: string, epoch: number, firstEpoch: number, guids: readonly string[], dnKeys: readonly Buffer[]]
>('stamp-unreadable');
const endUnseenSql = sqlFile<
  never,
  [integration: string, epoch: number, usn: string | null, controller: string | null]
>('end-unseen');

/** Applies a page and gives what it adds to the totals. In the transaction of commitPage only. */
export async function applyDirectoryPage(
  tx: OrganisationTransaction,
  attempt: DirectoryAttempt,
  page: DirectoryPage,
): Promise<DirectoryTotalsDelta> {
  await lockPeople(tx);
  const origin = { controller: page.invocationId ?? null, told: false };
  const mapped = mapPage(page.entries, attempt);
  const { totals, maybeOthers } = await applyObjects(tx, attempt, origin, mapped.rows);
  await linkPeople(tx, maybeOthers);
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
  const groups = await applyMembers(tx, attempt, origin, members.groups);
  const problems = mergeProblems([...page.problems, ...mapped.problems, ...members.problems, ...groups.problems]);
  await recordProblems(tx, attempt, problems);
  return {
    ...totals,
    changed: totals.changed + groups.changed,
    unchanged: totals.unchanged - groups.changed,
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
  attempt: DirectoryAttempt,
  { watermark }: Pick<DirectoryPage, 'watermark'>,
): Promise<DirectoryTotalsDelta> {
  const { integration, epoch } = attempt;
  await endUnseenSql(tx, integration, epoch, watermark?.usn ?? null, watermark?.invocationId ?? null);
  const missing = await endMissing(tx, attempt);
  await relinkGone(tx, integration);
  await recordClaims(tx, attempt);
  await forgetLateNames(tx, attempt);
  await tx
    .updateTable('directory_problem')
    .set({ resolved_at: sql<Date>`now()` })
    .where('integration_id', '=', integration)
    // Settled by what causes them.
    .where('code', 'not in', ['address.claimed-twice', 'person.two-mailboxes'])
    .where('epoch', '<', String(epoch))
    .where('resolved_at', 'is', null)
    .execute();
  const open = await tx
    .selectFrom('directory_problem')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .where('integration_id', '=', integration)
    .where('resolved_at', 'is', null)
    .executeTakeFirstOrThrow();
  return { missing, problems: Number(open.count) };
}

/**
 * How long names are kept for other directories. A domain learns how members of another one are called from its infrastructure
 * master, which looks every two days (Microsoft, "Phantoms, tombstones and the infrastructure master", KB 248047): three times
 * that, and a day.
 */
const FORMER_NAME_DAYS = 7;

/** What is kept for pages that were read before something changed: there are none from before this reading any more. */
async function forgetLateNames(tx: OrganisationTransaction, { integration, epoch }: DirectoryAttempt): Promise<void> {
  await sql`
    delete from directory_former_name f
    where f.integration_id = ${integration}
      and f.until < (select c.opened_at from page_cursor c where c.owner = ${integration} and c.scope = 'directory-sync')
      and (f.until < now() - make_interval(days => ${FORMER_NAME_DAYS})
        or not exists (select from directory_integration other where other.id <> ${integration}))`.execute(tx);
  await tx
    .deleteFrom('directory_tombstone')
    .where('integration_id', '=', integration)
    .where('told_epoch', '<', String(epoch))
    .execute();
}
