import { randomUUID } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import { jsonArrayFrom } from 'kysely/helpers/postgres';
import { newEnrolmentCode } from '../security/enrolment-code.ts';
import { type OrganisationId, siteId, type SiteId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import type { NameRange } from './keyset.ts';
import { ConflictError, nameTaken, NotFoundError } from './record-errors.ts';
import type { Tables } from './tables.ts';

/**
 * After this long without a sign of life a site is shown as offline. Eight of the sightings that authenticateSite notes
 * (every 15 s): a node that restarts or loses one poll does not flicker.
 */
const OFFLINE_AFTER_SECONDS = 120;
const ENROLMENT_CODE_HOURS = 1;

export type SiteState = 'pending' | 'online' | 'offline' | 'disabled';
export interface SiteNodeView {
  readonly node: string;
  readonly version: string;
  readonly lastSeenAt: Date;
  readonly online: boolean;
}
export type SiteView = Omit<Selectable<Tables['site']>, 'org_id' | 'sign_public_key' | 'state'> & {
  readonly state: SiteState;
  readonly nodes: SiteNodeView[];
};

const seenLately = (column: string) =>
  sql<boolean>`coalesce(${sql.ref(column)} > now() - make_interval(secs => ${sql.lit(OFFLINE_AFTER_SECONDS)}), false)`;

/** What a site is at this moment by the database's clock; for any query that has the table `site` in it. */
export const siteState = sql<SiteState>`case
  when site.state <> 'enrolled' then site.state
  when ${seenLately('site.last_seen_at')} then 'online' else 'offline' end`;

const sites = (tx: OrganisationTransaction) =>
  tx.selectFrom('site').select((eb) => [
    'site.id',
    'site.name',
    'site.description',
    'site.seal_public_key',
    'site.version',
    'site.contract',
    'site.created_at',
    'site.enrolled_at',
    'site.last_seen_at',
    siteState.as('state'),
    jsonArrayFrom(
      eb
        .selectFrom('site_node')
        .whereRef('site_node.site_id', '=', 'site.id')
        .select(['site_node.node', 'site_node.version', 'site_node.last_seen_at as lastSeenAt'])
        .select(seenLately('site_node.last_seen_at').as('online'))
        .orderBy('site_node.node'),
    ).as('nodes'),
  ]);

type SiteQueryRow = Awaited<ReturnType<ReturnType<typeof sites>['executeTakeFirstOrThrow']>>;
/** Inside JSON a timestamp is text. */
const view = (row: SiteQueryRow): SiteView => ({
  ...row,
  nodes: row.nodes.map((node) => ({ ...node, lastSeenAt: new Date(node.lastSeenAt) })),
});

/** By name. */
export async function listSites(tx: OrganisationTransaction, range: NameRange = {}): Promise<SiteView[]> {
  let found = sites(tx).orderBy('site.name');
  if (range.after !== undefined) found = found.where('site.name', '>', range.after);
  if (range.limit !== undefined) found = found.limit(range.limit);
  return (await found.execute()).map(view);
}

export async function findOptionalSite(tx: OrganisationTransaction, name: string): Promise<SiteView | undefined> {
  const row = await sites(tx).where('site.name', '=', name).executeTakeFirst();
  return row === undefined ? undefined : view(row);
}

/** @throws NotFoundError */
export async function findSite(tx: OrganisationTransaction, name: string): Promise<SiteView> {
  const site = await findOptionalSite(tx, name);
  if (site === undefined) throw new NotFoundError(`site "${name}"`);
  return site;
}

/**
 * Holds the site's key until the end of the transaction: what was sealed to `sealPublicKey` may be stored.
 * @throws ConflictError `site.keys-changed` when the site replaced its keys since they were read
 */
export async function holdSealKey(tx: OrganisationTransaction, site: SiteId, sealPublicKey: Buffer): Promise<void> {
  const row = await tx.selectFrom('site').select('seal_public_key').where('id', '=', site).forShare().executeTakeFirst();
  if (row?.seal_public_key?.equals(sealPublicKey) === true) return;
  throw new ConflictError({
    code: 'site.keys-changed',
    message: 'The site replaced its keys at this very moment.',
    next: 'Send the same request again.',
  });
}

/**
 * A site that nobody has enrolled yet.
 * @throws ConflictError `site.name-taken`
 */
export async function createSite(
  tx: OrganisationTransaction,
  organisation: OrganisationId,
  input: { readonly name: string; readonly description?: string | undefined },
): Promise<SiteView> {
  await tx
    .insertInto('site')
    .values({ id: siteId(randomUUID()), org_id: organisation, name: input.name, description: input.description ?? '' })
    .execute()
    .catch(nameTaken('site', input.name));
  return findSite(tx, input.name);
}

/**
 * Changes what is given. A disabled site gets no token and no work; enabling it again needs no new enrolment.
 * @throws NotFoundError
 */
export async function changeSite(
  tx: OrganisationTransaction,
  name: string,
  change: { readonly description?: string | undefined; readonly disabled?: boolean | undefined },
): Promise<SiteView> {
  const site = await findSite(tx, name);
  if (change.description !== undefined) {
    await tx.updateTable('site').set({ description: change.description }).where('id', '=', site.id).execute();
  }
  if (change.disabled === true) {
    await tx.updateTable('site').set({ state: 'disabled' }).where('id', '=', site.id).execute();
  } else if (change.disabled === false) {
    await tx
      .updateTable('site')
      .set({ state: sql`case when sign_public_key is null then 'pending' else 'enrolled' end` })
      .where('id', '=', site.id)
      .where('state', '=', 'disabled')
      .execute();
  }
  return findSite(tx, name);
}

/**
 * A code with which one engine enrols as this site, once, within an hour. Codes issued before and not used end with it.
 * Also for a site that is enrolled: a reinstalled engine takes its place.
 * @throws NotFoundError
 * @throws ConflictError `site.disabled`
 */
export async function issueEnrolmentCode(
  tx: OrganisationTransaction,
  organisation: OrganisationId,
  site: { readonly id: SiteId; readonly name: string; readonly state: SiteState },
): Promise<{ readonly code: string; readonly expiresAt: Date }> {
  if (site.state === 'disabled') {
    throw new ConflictError({
      code: 'site.disabled',
      message: `The site "${site.name}" is disabled.`,
      next: 'Enable it first: PATCH /api/v1/sites/{name} with {"disabled": false}.',
    });
  }
  await tx.deleteFrom('site_enrolment_code').where('site_id', '=', site.id).where('used_at', 'is', null).execute();
  const { code, hash } = newEnrolmentCode();
  const row = await tx
    .insertInto('site_enrolment_code')
    .values({
      code_hash: hash,
      org_id: organisation,
      site_id: site.id,
      expires_at: sql<Date>`now() + make_interval(hours => ${sql.lit(ENROLMENT_CODE_HOURS)})`,
    })
    .returning('expires_at')
    .executeTakeFirstOrThrow();
  return { code, expiresAt: row.expires_at };
}
