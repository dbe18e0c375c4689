/** What a page of a `directory-plan` run is: compared with what is stored, and written down as what a sync would do. */
import { sql } from 'kysely';
import type { DirectoryPage } from '../shared/directory.ts';
import type { IntegrationId, RunId } from '../shared/ids.ts';
import { openRunStates } from '../shared/runs.ts';
import type { OrganisationTransaction } from './database.ts';
import type { DirectoryAttempt, DirectoryTotalsDelta } from './directory-attempt.ts';
import type { DirectoryRow } from './directory-mapping.ts';
import { mergeMembers } from './directory-members.ts';
import { mapPage } from './directory-objects.ts';
import { mergeProblems, unreadableObjects } from './directory-problems.ts';
import { sqlFile } from './sql-file.ts';
import type { Tables } from './tables.ts';

type PlanAction = Tables['directory_plan_entry']['action'];
interface AttributeChange {
  readonly attribute: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
}
interface StoredObject {
  readonly guid: string;
  /** Was taken once. */
  readonly listed: boolean;
  readonly missing: boolean;
  readonly differs: boolean;
  /** The rest only when it differs. */
  readonly dn: string;
  readonly included: boolean;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}
const storedObjectsSql = sqlFile<StoredObject, [objects: string, integration: string]>('stored-objects');
const addPlanEntriesSql = sqlFile<{ action: PlanAction; count: string }, [entries: string, run: string]>(
  'add-plan-entries',
);
const planUnreadableSql = sqlFile<
  never,
  [run: string, integration: string, guids: readonly string[], dnKeys: readonly Buffer[]]
>('plan-unreadable');
const planMembersSql = sqlFile<{ changed: string }, [groups: string, run: string, integration: string]>('plan-members');
const endPlanSql = sqlFile<{ missing: string }, [run: string, integration: string]>('end-plan');

/** An attempt that starts again plans from the beginning. */
export async function forgetPlan(tx: OrganisationTransaction, run: RunId): Promise<void> {
  await tx.deleteFrom('directory_plan_entry').where('run_id', '=', run).execute();
  await tx.deleteFrom('directory_plan_member').where('run_id', '=', run).execute();
}

/** Plans are looked at when they are made: of an integration's ended ones the entries of so many are kept. */
const PLANS_KEPT = 3;
/** Forgotten in one transaction. More than one, so that what an interruption left is caught up with. */
const PLANS_FORGOTTEN_AT_ONCE = 2;

/** Takes the entries of an integration's older plans away, oldest first and a bounded number; the runs stay. */
export async function forgetEarlierPlans(tx: OrganisationTransaction, integration: IntegrationId): Promise<void> {
  const { rows } = await sql<{ id: RunId }>`
    with ended as (
      select run.id, run.number, row_number() over (order by run.number desc) as place
      from run
      where run.integration_id = ${integration} and run.kind = 'directory-plan' and run.state <> all (${[...openRunStates]})
    )
    select ended.id from ended
    where ended.place > ${PLANS_KEPT} and exists (select from directory_plan_entry e where e.run_id = ended.id)
    order by ended.number
    limit ${PLANS_FORGOTTEN_AT_ONCE}`.execute(tx);
  for (const { id } of rows) await forgetPlan(tx, id);
}

/** Plans a page and gives what it adds to the totals. In the transaction of commitPage only. */
export async function planDirectoryPage(
  tx: OrganisationTransaction,
  attempt: DirectoryAttempt,
  page: DirectoryPage,
): Promise<DirectoryTotalsDelta> {
  const { run, integration } = attempt;
  const mapped = mapPage(page.entries, attempt);
  const counts = new Map<PlanAction, number>();
  if (mapped.rows.length > 0) {
    const wanted = mapped.rows.map((row) => ({
      guid: row.guid,
      content_hash: row.contentHash.toString('hex'),
      dn: row.dn,
      manager_key: row.managerKey?.toString('hex'),
    }));
    const stored = new Map(
      (await storedObjectsSql(tx, JSON.stringify(wanted), integration)).map((object) => [object.guid, object]),
    );
    const entries = mapped.rows.flatMap((row) => planEntry(row, stored.get(row.guid)) ?? []);
    for (const { action, count } of await addPlanEntriesSql(tx, JSON.stringify(entries), run))
      counts.set(action, Number(count));
  }
  const unreadable = unreadableObjects(mapped.unkeepable, page.problems);
  if (unreadable !== undefined) await planUnreadableSql(tx, run, integration, unreadable.guids, unreadable.dnKeys);
  const members = mergeMembers(page.members);
  const [byMembers] =
    members.groups.length === 0 ? [] : await planMembersSql(tx, JSON.stringify(members.groups), run, integration);
  const changedByMembers = Number(byMembers?.changed ?? 0);
  const of = (action: PlanAction) => counts.get(action) ?? 0;
  return {
    seen: of('added') + of('changed') + of('returned') + of('same'),
    added: of('added'),
    changed: of('changed') + changedByMembers,
    returned: of('returned'),
    unchanged: of('same') - changedByMembers,
    members: members.count,
    problems: mergeProblems([...page.problems, ...mapped.problems, ...members.problems]).length,
  };
}

export async function completeDirectoryPlan(
  tx: OrganisationTransaction,
  { run, integration }: DirectoryAttempt,
): Promise<DirectoryTotalsDelta> {
  const [unseen] = await endPlanSql(tx, run, integration);
  // Of groups whose list never ended: nothing is known of them.
  await tx.deleteFrom('directory_plan_member').where('run_id', '=', run).execute();
  return { missing: Number(unseen?.missing ?? 0) };
}

/** Undefined when nothing is to be told: the object is not taken and never was. */
function planEntry(row: DirectoryRow, stored: StoredObject | undefined) {
  const action = actionOf(row, stored);
  if (action === undefined) return undefined;
  const primary = row.addresses.find((address) => address.primary)?.address;
  const subject = primary === undefined ? row.displayName : `${row.displayName} <${primary}>`;
  const comparable = action !== 'added' && action !== 'missing' && stored?.differs === true;
  return { guid: row.guid, action, subject, changes: comparable ? changesOf(stored, row) : [] };
}

/** As in apply-objects.sql. */
function actionOf(row: DirectoryRow, stored: StoredObject | undefined): PlanAction | undefined {
  if (!row.inScope) return stored?.listed === true && !stored.missing ? 'missing' : undefined;
  if (stored?.listed !== true) return 'added';
  if (stored.missing) return 'returned';
  return stored.differs ? 'changed' : 'same';
}

/** Attribute by attribute, as the source names them; values are sorted on both sides. */
function changesOf(stored: StoredObject, row: DirectoryRow): AttributeChange[] {
  const changes: AttributeChange[] = [];
  const compare = (attribute: string, before: readonly string[], after: readonly string[]) => {
    if (JSON.stringify(before) !== JSON.stringify(after)) changes.push({ attribute, before, after });
  };
  compare('distinguishedName', [stored.dn], [row.dn]);
  // Not the source's but ours: whether the e-mail domain filter lets it in.
  compare('included', [String(stored.included)], [String(row.included)]);
  const names = new Set([...Object.keys(stored.attributes), ...Object.keys(row.attributes)]);
  for (const name of [...names].sort()) compare(name, stored.attributes[name] ?? [], row.attributes[name] ?? []);
  return changes;
}
