/**
 * Readings from which nothing is concluded, because a source that lies is likelier than what it says: an empty or partial answer, an
 * account that sees less than before, a base that vanished. The run ends as held with the reason. What the archive itself finds can be
 * accepted by an administrator: the next reading then passes that check, once. What the domain controller refuses cannot.
 */
import { sql } from 'kysely';
import { standardAttributes } from '../shared/directory-attributes.ts';
import { LockstepError } from '../shared/errors.ts';
import type { IntegrationId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import type { DirectoryRow } from './directory-mapping.ts';

/** Found by the archive, so an administrator can accept them. */
const acceptableDoubts = ['directory.empty-reading', 'directory.partial-reading', 'directory.weaker-reading'] as const;
type AcceptableDoubt = (typeof acceptableDoubts)[number];
export const isAcceptable = (code: string): code is AcceptableDoubt => acceptableDoubts.some((known) => known === code);

/** Also those that the site finds: nothing visible, only a part given, a base that is not there. */
const doubts: ReadonlySet<string> = new Set([
  ...acceptableDoubts,
  'directory.nothing-found',
  'directory.base-missing',
  'directory.base-elsewhere',
  'ldap.size-limit',
  'ldap.admin-limit',
  'ldap.insufficient-rights',
]);

/** Whether a run that failed so is to be held: what it says may be that the directory is gone, and there is something to lose. */
export const isDoubtful = async (tx: OrganisationTransaction, integration: IntegrationId, code: string): Promise<boolean> =>
  doubts.has(code) && (await hasObjects(tx, integration));

/** Fewer objects than this that are gone are never a partial answer: a small directory may lose half of itself. */
const PARTIAL_COUNTS_FROM = 10;
/** An attribute counts that so many objects of a page had. */
const WEAKER_COUNTS_FROM = 20;

/**
 * Of a reading that has seen nothing in scope.
 * @throws LockstepError ConfigInvalid `directory.empty-reading` when there was something before
 */
export async function refuseEmptyReading(tx: OrganisationTransaction, integration: IntegrationId): Promise<void> {
  if (!(await hasObjects(tx, integration)) || (await isAccepted(tx, integration, 'directory.empty-reading'))) return;
  throw doubtful(
    'directory.empty-reading',
    'The directory gave no object at all, though it did before. Nothing was changed.',
  );
}

/**
 * `ended`: how many objects this reading has just found to be no longer in the source.
 * @throws LockstepError ConfigInvalid `directory.partial-reading` when they are more than half of all
 */
export async function refusePartialReading(tx: OrganisationTransaction, integration: IntegrationId, ended: number): Promise<void> {
  if (ended < PARTIAL_COUNTS_FROM) return;
  const { rows } = await sql<{ count: string }>`
    select count(*) as count from directory_object o where o.integration_id = ${integration} and o.in_source`.execute(tx);
  const seen = Number(rows[0]?.count ?? 0);
  if (ended <= seen || (await isAccepted(tx, integration, 'directory.partial-reading', 'directory.empty-reading'))) return;
  throw doubtful(
    'directory.partial-reading',
    `The directory gave ${seen} objects, and ${ended + seen} before: less than half. Nobody was taken for missing.`,
  );
}

/**
 * Looks whether a page shows less of the objects than is stored of them. Nearly free where nothing changed.
 * @throws LockstepError ConfigInvalid `directory.weaker-reading` when an attribute that many of them had is gone from more than half
 */
export async function refuseWeakerPage(tx: OrganisationTransaction, integration: IntegrationId, rows: readonly DirectoryRow[]): Promise<void> {
  if (rows.length < WEAKER_COUNTS_FROM) return;
  const guids = rows.map(({ guid }) => guid);
  const { rows: changed } = await sql<{ guid: string; names: string[] }>`
    select o.guid, array(select jsonb_object_keys(o.attributes)) as names
    from unnest(${guids}::uuid[], ${rows.map(({ contentHash }) => contentHash)}::bytea[]) as x (guid, content_hash)
    cross join lateral (
      select * from directory_object o where o.integration_id = ${integration} and o.guid = x.guid limit 1) o
    where o.in_source and o.content_hash <> x.content_hash`.execute(tx);
  if (changed.length * 2 <= WEAKER_COUNTS_FROM) return;

  const now = new Map(rows.map(({ guid, attributes }) => [guid, attributes]));
  const lost = new Map<string, number>();
  for (const { guid, names } of changed) {
    const attributes = now.get(guid) ?? {};
    for (const name of names) if (attributes[name] === undefined) lost.set(name, (lost.get(name) ?? 0) + 1);
  }
  for (const [name, count] of lost) {
    // Others are asked for by the settings, and no longer asked for when these change.
    if (count * 2 <= WEAKER_COUNTS_FROM || !isStandard(name)) continue;
    const had = await countHaving(tx, integration, guids, name);
    if (had < WEAKER_COUNTS_FROM || count * 2 <= had || (await isAccepted(tx, integration, 'directory.weaker-reading'))) continue;
    throw doubtful(
      'directory.weaker-reading',
      `The directory no longer shows "${name}" of ${count} of the ${had} objects of one page that had it: the account may read less than before. ` +
        'Nothing of that page was taken.',
    );
  }
}

/** Lets the next reading pass the check that this one did not. */
export const acceptDoubt = (tx: OrganisationTransaction, integration: IntegrationId, code: AcceptableDoubt) =>
  tx.updateTable('directory_integration').set({ accepted_doubt: code }).where('id', '=', integration).execute();

/** A reading is complete: what was accepted is used up. */
export const useAcceptance = (tx: OrganisationTransaction, integration: IntegrationId) =>
  tx.updateTable('directory_integration').set({ accepted_doubt: null }).where('id', '=', integration).where('accepted_doubt', 'is not', null).execute();

async function isAccepted(tx: OrganisationTransaction, integration: IntegrationId, ...codes: AcceptableDoubt[]): Promise<boolean> {
  const row = await tx.selectFrom('directory_integration').select('accepted_doubt').where('id', '=', integration).executeTakeFirst();
  return codes.some((code) => row?.accepted_doubt === code);
}

async function hasObjects(tx: OrganisationTransaction, integration: IntegrationId): Promise<boolean> {
  const present = await tx
    .selectFrom('directory_object')
    .select('id')
    .where('integration_id', '=', integration)
    .where('listed', '=', true)
    .where('missing_since', 'is', null)
    .limit(1)
    .executeTakeFirst();
  return present !== undefined;
}

async function countHaving(tx: OrganisationTransaction, integration: IntegrationId, guids: readonly string[], attribute: string): Promise<number> {
  const { rows } = await sql<{ count: string }>`
    select count(*) as count
    from unnest(${guids}::uuid[]) as x (guid)
    cross join lateral (
      select * from directory_object o where o.integration_id = ${integration} and o.guid = x.guid limit 1) o
    where o.in_source and o.attributes ? ${attribute}`.execute(tx);
  return Number(rows[0]?.count ?? 0);
}

const standard = new Set(standardAttributes.map((name) => name.toLowerCase()));
const isStandard = (name: string): boolean => standard.has(name.toLowerCase());

const doubtful = (code: AcceptableDoubt, message: string): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code,
    message,
    next:
      'See whether the account may still read, and whether base DN, search bases and filter still fit: lockstep directory test. ' +
      'If all is as it should be, approve the run: lockstep runs approve NUMBER; the next synchronisation then takes it as it is.',
  });
