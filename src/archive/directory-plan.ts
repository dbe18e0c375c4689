/** The pages of a `directory-plan` run: kept until all are there, and then rehearsed (plan-rehearsal.ts). */
import { promisify } from 'node:util';
import { constants, gunzip, gzip } from 'node:zlib';
import { sql } from 'kysely';
import type { DirectoryPage } from '../shared/directory.ts';
import type { IntegrationId, RunId } from '../shared/ids.ts';
import { openRunStates } from '../shared/runs.ts';
import type { OrganisationTransaction } from './database.ts';
import type { DirectoryTotalsDelta } from './directory-attempt.ts';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** Takes the pages and entries of a plan away: an attempt that starts again plans from the beginning. */
export async function emptyPlan(tx: OrganisationTransaction, run: RunId): Promise<void> {
  await forgetPages(tx, run);
  await tx.deleteFrom('directory_plan_entry').where('run_id', '=', run).execute();
}

export const forgetPages = (tx: OrganisationTransaction, run: RunId) =>
  tx.withSchema('public').deleteFrom('directory_plan_page').where('run_id', '=', run).execute();

/** Plans are looked at when they are made: of an integration's ended ones the entries of so many are kept. */
const PLANS_KEPT = 3;
/** Forgotten in one transaction. More than one, so that what an interruption left is caught up with. */
const PLANS_FORGOTTEN_AT_ONCE = 2;

/**
 * Takes the entries of an integration's older plans away, oldest first and a bounded number, and the pages of those that never
 * came to their end; the runs stay and say so.
 */
export async function forgetEarlierPlans(tx: OrganisationTransaction, integration: IntegrationId): Promise<void> {
  const { rows } = await sql<{ id: RunId; old: boolean }>`
    with ended as (
      select run.id, run.number, run.plan_counts, run.plan_forgotten_at, row_number() over (order by run.number desc) as place
      from run
      where run.integration_id = ${integration} and run.kind = 'directory-plan' and run.state <> all (${[...openRunStates]})
    )
    select ended.id, ended.place > ${PLANS_KEPT} as old from ended
    where ended.place > ${PLANS_KEPT} and ended.plan_counts is not null and ended.plan_forgotten_at is null
      or exists (select from directory_plan_page p where p.run_id = ended.id)
    order by ended.number
    limit ${PLANS_FORGOTTEN_AT_ONCE}`.execute(tx);
  for (const { id, old } of rows) {
    if (!old) {
      await forgetPages(tx, id);
      continue;
    }
    await emptyPlan(tx, id);
    await tx.updateTable('run').set({ plan_forgotten_at: sql<Date>`now()` }).where('id', '=', id).execute();
  }
}

/** Keeps a page. What it would do is known at the end; until then the totals say how far the reading is. */
export async function keepPlanPage(tx: OrganisationTransaction, run: RunId, seq: number, page: DirectoryPage): Promise<DirectoryTotalsDelta> {
  // Level 1: a page is written once, read once and deleted.
  const bytes = await compress(JSON.stringify(page), { level: constants.Z_BEST_SPEED });
  await tx
    .insertInto('directory_plan_page')
    .values({ run_id: run, seq, org_id: sql`current_setting('lockstep.org')::uuid`, page: bytes })
    .execute();
  return {
    seen: page.entries.length,
    members: page.members.reduce((sum, { dns }) => sum + dns.length, 0),
    problems: page.problems.length,
  };
}

/** The pages of the run, one after the other. */
export async function* keptPages(tx: OrganisationTransaction, run: RunId): AsyncGenerator<DirectoryPage> {
  for (let seq = 0; ; seq++) {
    const row = await tx
      .withSchema('public')
      .selectFrom('directory_plan_page')
      .select('page')
      .where('run_id', '=', run)
      .where('seq', '=', String(seq))
      .executeTakeFirst();
    if (row === undefined) return;
    // Checked when it was taken: src/api/ingest/page-body.ts.
    yield JSON.parse((await decompress(row.page)).toString('utf8')) as DirectoryPage;
  }
}
