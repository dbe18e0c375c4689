/** What a rehearsal did to the copies of the tables, written down as the entries of a plan. */
import { sql } from 'kysely';
import type { DirectoryObjectKind } from '../shared/directory.ts';
import { type AttributeChange, type PlanAction, planActions, type PlanCounts } from '../shared/directory-plan.ts';
import type { IntegrationId, PersonId, RunId } from '../shared/ids.ts';
import { attributeChanges } from './attribute-changes.ts';
import type { OrganisationTransaction } from './database.ts';
import { fetched } from './fetched.ts';
import { loadPeople } from './person-objects.ts';
import { withoutShadows } from './shadow-tables.ts';
import { sqlFile } from './sql-file.ts';

interface DifferingObject {
  readonly guid: string;
  readonly kind: DirectoryObjectKind;
  readonly directory: string;
  readonly display_name: string;
  readonly sort_key: string;
  readonly address: string | null;
  /** Was seen once. */
  readonly known: boolean;
  readonly was_seen: boolean;
  readonly is_seen: boolean;
  /** Null unless it is seen before and after. */
  readonly dn_before: string | null;
  readonly attributes_before: Readonly<Record<string, readonly string[]>> | null;
  readonly dn_after: string | null;
  readonly attributes_after: Readonly<Record<string, readonly string[]>> | null;
  /** Null where nobody joins and nobody leaves. */
  readonly members_before: readonly string[] | null;
  readonly members_after: readonly string[] | null;
}
const planMembersSql = sqlFile<never, []>('plan-members');
const openPlanObjectsSql = sqlFile<never, []>('plan-objects');
const openPlanPeopleSql = sqlFile<never, []>('plan-people');
const planHeldSql = sqlFile<never, [run: string]>('plan-held');
const planLinksSql = sqlFile<never, []>('plan-links');
const planConflictsSql = sqlFile<never, [integration: string]>('plan-conflicts');
const savePlanSql = sqlFile<{ action: PlanAction; people: string; groups: string }, [run: string, actions: readonly PlanAction[]]>('save-plan');

/** Objects taken into memory at once. */
const OBJECTS_AT_ONCE = 2000;

/** Compares the copies with the tables and keeps the differences as entries of the run. Gives how many there are. */
export async function writePlanEntries(tx: OrganisationTransaction, run: RunId, integration: IntegrationId): Promise<PlanCounts> {
  await sql`
    create temporary table plan_entry (
      action text not null, kind text not null, directory text not null, guid uuid not null, subject text not null,
      sort_key text collate "C" not null, detail text, changes jsonb not null default '[]') on commit drop`.execute(tx);
  await planMembersSql(tx);
  await openPlanObjectsSql(tx);
  for await (const objects of fetched<DifferingObject>(tx, 'plan_objects', OBJECTS_AT_ONCE)) await addEntries(tx, objects.flatMap((object) => entryOf(object) ?? []));
  await openPlanPeopleSql(tx);
  for await (const people of fetched<DifferingPerson>(tx, 'plan_people', OBJECTS_AT_ONCE)) await addEntries(tx, await stateEntries(tx, people));
  await planHeldSql(tx, run);
  await planLinksSql(tx);
  await planConflictsSql(tx, integration);
  const counted = await savePlanSql(tx, run, planActions);
  return Object.fromEntries(counted.map(({ action, people, groups }) => [action, { people: Number(people), groups: Number(groups) }]));
}

interface Entry extends Pick<DifferingObject, 'guid' | 'kind' | 'directory' | 'sort_key'> {
  readonly action: PlanAction;
  readonly subject: string;
  readonly detail?: string;
  readonly changes: readonly AttributeChange[];
}

async function addEntries(tx: OrganisationTransaction, entries: readonly Entry[]): Promise<void> {
  if (entries.length === 0) return;
  await sql`
    insert into pg_temp.plan_entry (action, kind, directory, guid, subject, sort_key, detail, changes)
    select * from jsonb_to_recordset(${JSON.stringify(entries)}::jsonb)
      as x (action text, kind text, directory text, guid uuid, subject text, sort_key text, detail text, changes jsonb)`.execute(tx);
}

interface DifferingPerson extends Pick<DifferingObject, 'guid' | 'kind' | 'directory' | 'display_name' | 'sort_key'> {
  readonly person_before: PersonId;
  readonly person_after: PersonId;
}

/** People who are there before and after, and whose account counts as disabled on one side only. */
async function stateEntries(tx: OrganisationTransaction, people: readonly DifferingPerson[]): Promise<Entry[]> {
  const after = await loadPeople(tx, people.map(({ person_after }) => person_after));
  const before = await withoutShadows(tx, () => loadPeople(tx, people.map(({ person_before }) => person_before)));
  return people.flatMap(({ person_before, person_after, guid, kind, directory, sort_key, display_name }): Entry[] => {
    const [was, is] = [before.get(person_before), after.get(person_after)];
    if (was === undefined || is === undefined || was.state === is.state || was.state === 'missing' || is.state === 'missing') return [];
    const { primaryAddress: address } = is;
    const subject = address === null ? display_name : `${display_name} <${address}>`;
    return [{ action: is.state, guid, kind, directory, sort_key, subject, changes: [] }];
  });
}

/** Undefined when nobody sees the difference. */
function entryOf(object: DifferingObject): Entry | undefined {
  const { guid, kind, directory, sort_key, display_name: name, address } = object;
  const action = actionOf(object);
  const changes = changesOf(object);
  if (action === 'changed' && changes.length === 0) return undefined;
  return { action, kind, directory, guid, sort_key, subject: address === null ? name : `${name} <${address}>`, changes };
}

function actionOf({ was_seen, is_seen, known }: DifferingObject): PlanAction {
  if (was_seen) return is_seen ? 'changed' : 'removed';
  return known ? 'returned' : 'added';
}

/** What an object brings when it is new is no change; who joins a group that is new is told all the same. */
function changesOf({ is_seen, dn_before, attributes_before, dn_after, attributes_after, members_before, members_after }: DifferingObject): AttributeChange[] {
  if (!is_seen) return [];
  const own =
    dn_before === null || attributes_before === null || dn_after === null || attributes_after === null
      ? []
      : attributeChanges({ dn: dn_before, attributes: attributes_before }, { dn: dn_after, attributes: attributes_after });
  if (members_before === null || members_after === null) return own;
  return [...own, { attribute: 'member', before: members_before, after: members_after }];
}
