/**
 * Who leaves the organisation's directory, and whose account ends. What is true of the source is written down page by page
 * (in_source, in_scope, account_disabled); what takes somebody away because of it happens here alone, and only within limits:
 *
 *   fact                                   pending while              consequence
 *   a person is no longer in scope         present                    missing_since; disabled, by the settings; later not listed
 *   a group is no longer in scope          present                    missing_since, and not listed
 *   somebody's account is disabled, or     not disabled               disabled
 *   gone (one without an address, which
 *   a mailbox elsewhere names)
 *
 * The last page of a reading decides on all that is pending of a kind, a page of changes on what it brought. More than the limit:
 * nothing of that kind happens. A reading then holds the set for an administrator (held-sets.ts); changes ask for a reading.
 * The opposite of each consequence needs no rule and happens with the page that says so.
 */
import { type RawBuilder, sql } from 'kysely';
import { type DirectorySettings, type RemovalKind, removalKinds, recipientTypes } from '../shared/directory.ts';
import type { IntegrationId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import type { DirectoryAttempt, DirectoryTotalsDelta } from './directory-attempt.ts';
import { isDisabledByDesign } from './directory-kinds.ts';
import { holdSet, isHeld, replaceSets } from './held-sets.ts';
import { linkPeople } from './person-linking.ts';
import { limitOf, passesLimit, PERCENT_COUNTS_FROM } from './removal-limits.ts';

export type RemovalRules = Pick<DirectorySettings, 'removal' | 'acknowledgeDisabled'>;

const isPersonKind = sql<boolean>`o.kind in ('user', 'contact', 'public-folder')`;
const isGroupKind = sql<boolean>`o.kind in ('group', 'dynamic-group')`;
/** In the words of the index directory_object_leaving. */
const isLeaving = sql<boolean>`o.listed and o.missing_since is null and not o.in_scope and o.kept_since is null`;
const disabledByDesign = recipientTypes.filter(isDisabledByDesign);
/** Whose account somebody signs in with: one that is shown, or one of a mailbox in another directory. */
const isSomebodys = sql<boolean>`(o.listed and o.in_scope or not o.listed
  and exists (select from person_link l where l.object_id = o.id and l.until is null))`;
/** In the words of the index directory_object_disabling. An account that nobody signs in with is disabled from the beginning. */
const isToBeDisabled = sql<boolean>`o.missing_since is null and o.kind = 'user' and (o.account_disabled or not o.listed and not o.in_source) and not o.disabled
  and o.kept_enabled_since is null and o.recipient_type <> all (${disabledByDesign}::text[]) and ${isSomebodys}`;

/** The fact without its consequence, of `directory_object o`. */
export const pending: Readonly<Record<RemovalKind, RawBuilder<boolean>>> = {
  deletion: sql<boolean>`(${isLeaving} and ${isPersonKind})`,
  disable: sql<boolean>`(${isToBeDisabled})`,
  'group-removal': sql<boolean>`(${isLeaving} and ${isGroupKind})`,
};

/** Those whom the limit's percentage is of. In the words of the index directory_object_counts, `disable` apart. */
const present: Readonly<Record<RemovalKind, RawBuilder<boolean>>> = {
  deletion: sql<boolean>`(${isPersonKind} and o.listed and o.missing_since is null)`,
  disable: sql<boolean>`(o.kind = 'user' and o.missing_since is null and not o.disabled and ${isSomebodys})`,
  'group-removal': sql<boolean>`(${isGroupKind} and o.listed and o.missing_since is null)`,
};

/** Kinds that the settings know consequences of. */
const kindsOf = ({ acknowledgeDisabled }: RemovalRules): readonly RemovalKind[] =>
  acknowledgeDisabled ? removalKinds : removalKinds.filter((kind) => kind !== 'disable');

/**
 * At the end of a reading: what is pending happens, or is held. Gives its part of the run's totals: who is missing by this run,
 * those of an earlier attempt that got this far included.
 */
export async function settleReading(
  tx: OrganisationTransaction,
  { run, integration, epoch, firstEpoch, settings }: DirectoryAttempt,
): Promise<DirectoryTotalsDelta> {
  await replaceSets(tx, integration);
  const disabled: string[] = [];
  let held = 0;
  for (const kind of kindsOf(settings)) {
    const leaving = await countPending(tx, integration, kind);
    if (leaving === 0) continue;
    const verdict = await judge(tx, integration, kind, leaving, settings);
    if (verdict !== undefined) {
      await holdSet(tx, { run, integration, kind, reason: verdict }, pending[kind]);
      held += leaving;
      continue;
    }
    const ids = await carryOut(tx, kind, settings, sql<boolean>`o.integration_id = ${integration}`);
    if (kind === 'disable') disabled.push(...ids);
    else await stampMissing(tx, epoch, ids);
  }
  const deleted = await endListing(tx, integration, settings);
  return {
    missing: await countMissing(tx, integration, firstEpoch),
    ...(disabled.length === 0 ? {} : { disabled: disabled.length }),
    ...(deleted === 0 ? {} : { deleted }),
    ...(held === 0 ? {} : { held }),
  };
}

/**
 * After a page of changes: those of these objects (ids) of which something is pending. Gives the kinds that pass their limit
 * and are not held yet: a reading is to decide on them.
 */
export async function settleChanges(
  tx: OrganisationTransaction,
  integration: IntegrationId,
  settings: RemovalRules,
  touched: readonly string[],
): Promise<readonly RemovalKind[]> {
  const undecided: RemovalKind[] = [];
  if (touched.length === 0) return undecided;
  for (const kind of kindsOf(settings)) {
    const mine = sql<boolean>`o.id = any (${touched}::bigint[])`;
    if (!(await isAnyPending(tx, kind, mine))) continue;
    // While a set waits for a decision nothing of its kind happens. What else is pending counts too.
    if (await isHeld(tx, integration, kind)) continue;
    const leaving = await countPending(tx, integration, kind);
    if ((await judge(tx, integration, kind, leaving, settings)) !== undefined) {
      undecided.push(kind);
      continue;
    }
    const removed = await carryOut(tx, kind, settings, mine);
    await noteRemoved(tx, integration, kind, removed.length);
  }
  return undecided;
}

/** Does what is pending of this kind to the objects `among`. Gives their ids. */
export async function carryOut(
  tx: OrganisationTransaction,
  kind: RemovalKind,
  { removal }: Pick<RemovalRules, 'removal'>,
  among: RawBuilder<boolean>,
): Promise<string[]> {
  const consequence: Record<RemovalKind, RawBuilder<unknown>> = {
    deletion: removal?.people === 'disable' ? sql`missing_since = now(), disabled = true` : sql`missing_since = now()`,
    disable: sql`disabled = true, changed_at = now()`,
    'group-removal': sql`missing_since = now(), listed = false`,
  };
  const { rows } = await sql<{ id: string }>`
    update directory_object o set ${consequence[kind]} where ${pending[kind]} and ${among} returning o.id::text`.execute(tx);
  return rows.map(({ id }) => id);
}

/** An administrator has decided on what changes removed, too. */
export const forgetRemoved = (tx: OrganisationTransaction, integration: IntegrationId, kind: RemovalKind) =>
  tx.deleteFrom('removed_by_changes').where('integration_id', '=', integration).where('kind', '=', kind).execute();

/** Why so many are not let go, in a sentence; undefined: they are. */
async function judge(
  tx: OrganisationTransaction,
  integration: IntegrationId,
  kind: RemovalKind,
  pendingNow: number,
  { removal }: RemovalRules,
): Promise<string | undefined> {
  const lately = await countRemoved(tx, integration, kind);
  const leaving = pendingNow + lately;
  const there = leaving < PERCENT_COUNTS_FROM ? 0 : lately + (await countPresent(tx, integration, kind));
  if (!passesLimit(kind, leaving, there, removal)) return undefined;
  const { number, percent } = limitOf(kind, removal);
  const whom: Record<RemovalKind, string> = {
    deletion: 'people would leave',
    disable: 'enabled accounts would be disabled',
    'group-removal': 'groups would leave',
  };
  const of = there === 0 ? '' : ` of ${there}`;
  const also = lately === 0 ? '' : `, ${lately} in the last 24 hours included`;
  return `${leaving}${of} ${whom[kind]}${also}; the limit is ${number}, or ${percent} %.`;
}

/** People who have been missing for as long as the settings say are listed no longer. Links and archive stay. */
async function endListing(tx: OrganisationTransaction, integration: IntegrationId, { removal }: RemovalRules): Promise<number> {
  const people = removal?.people;
  if (typeof people !== 'object') return 0;
  const { rows } = await sql<{ id: string }>`
    update directory_object o set listed = false
    where o.integration_id = ${integration} and ${isPersonKind} and o.listed and o.missing_since < now() - make_interval(days => ${people.deleteAfterDays}::int)
    returning o.id::text`.execute(tx);
  await linkPeople(tx, rows.map(({ id }) => id));
  return rows.length;
}

async function countPending(tx: OrganisationTransaction, integration: IntegrationId, kind: RemovalKind): Promise<number> {
  const { rows } = await sql<{ count: string }>`
    select count(*) as count from directory_object o where o.integration_id = ${integration} and ${pending[kind]}`.execute(tx);
  return Number(rows[0]?.count ?? 0);
}

async function isAnyPending(tx: OrganisationTransaction, kind: RemovalKind, among: RawBuilder<boolean>): Promise<boolean> {
  const { rows } = await sql`select from directory_object o where ${among} and ${pending[kind]} limit 1`.execute(tx);
  return rows.length > 0;
}

async function countPresent(tx: OrganisationTransaction, integration: IntegrationId, kind: RemovalKind): Promise<number> {
  const { rows } = await sql<{ count: string }>`
    select count(*) as count from directory_object o where o.integration_id = ${integration} and ${present[kind]}`.execute(tx);
  return Number(rows[0]?.count ?? 0);
}

/** Removed by changes in the last 24 hours. */
async function countRemoved(tx: OrganisationTransaction, integration: IntegrationId, kind: RemovalKind): Promise<number> {
  const { rows } = await sql<{ objects: string | null }>`
    select sum(objects) as objects from removed_by_changes
    where integration_id = ${integration} and kind = ${kind} and at > now() - interval '24 hours'`.execute(tx);
  return Number(rows[0]?.objects ?? 0);
}

async function noteRemoved(tx: OrganisationTransaction, integration: IntegrationId, kind: RemovalKind, objects: number): Promise<void> {
  await sql`
    insert into removed_by_changes (org_id, integration_id, kind, objects)
    values (current_setting('lockstep.org')::uuid, ${integration}, ${kind}, ${objects})`.execute(tx);
  await sql`delete from removed_by_changes where integration_id = ${integration} and at < now() - interval '24 hours'`.execute(tx);
}

async function stampMissing(tx: OrganisationTransaction, epoch: number, ids: readonly string[]): Promise<void> {
  await sql`update directory_sighting set epoch = ${epoch}, outcome = 'missing' where object_id = any (${ids}::bigint[])`.execute(tx);
}

async function countMissing(tx: OrganisationTransaction, integration: IntegrationId, firstEpoch: number): Promise<number> {
  const { rows } = await sql<{ count: string }>`
    select count(*) as count from directory_sighting
    where integration_id = ${integration} and outcome = 'missing' and epoch >= ${firstEpoch}`.execute(tx);
  return Number(rows[0]?.count ?? 0);
}
