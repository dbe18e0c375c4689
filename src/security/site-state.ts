import { sql } from 'kysely';
import { type Database, withOrganisation } from '../archive/database.ts';
import { LockstepError } from '../shared/errors.ts';
import type { OrganisationId, SiteId } from '../shared/ids.ts';
import type { SitePrincipal } from '../shared/principal.ts';

/** What the platform knows of a site, whichever organisation it belongs to. */
export interface SiteRecord {
  readonly id: SiteId;
  readonly organisationId: OrganisationId;
  readonly organisationName: string;
  readonly name: string;
  readonly state: 'pending' | 'enrolled' | 'disabled';
  /** Ed25519, SPKI PEM. */
  readonly signPublicKey: string | null;
}

/** How long a disabled site may go on: short enough to be "at once" for an administrator, long enough to spare a query per call. */
const CACHE_MS = 3_000;
/** How often a sign of life is written. Sites are shown as offline after two minutes without one. */
const SEEN_EVERY_MS = 15_000;
/** Above this many sites in memory the oldest are forgotten: ids in forged tokens never get here, so it is only a bound. */
const MAX_CACHED = 10_000;

interface Cached {
  readonly record: Promise<SiteRecord | undefined>;
  readonly readAt: number;
}

/** Sites as the database has them, at most three seconds old, and their signs of life. One for each process. */
export class SiteStates {
  readonly #database: Database;
  readonly #now: () => number;
  readonly #cache = new Map<SiteId, Cached>();
  readonly #seenAt = new Map<string, number>();

  constructor(database: Database, now: () => number = Date.now) {
    this.#database = database;
    this.#now = now;
  }

  /** The site, or undefined when there is none of that id. `fresh`: as the database has it now. */
  async find(site: SiteId, { fresh = false } = {}): Promise<SiteRecord | undefined> {
    const cached = this.#cache.get(site);
    if (!fresh && cached !== undefined && this.#now() - cached.readAt < CACHE_MS) return cached.record;
    const record = findSiteRecord(this.#database, site);
    this.#cache.delete(site);
    this.#cache.set(site, { record, readAt: this.#now() });
    if (this.#cache.size > MAX_CACHED) this.#cache.delete(this.#cache.keys().next().value ?? site);
    try {
      return await record;
    } catch (error) {
      this.#cache.delete(site);
      throw error;
    }
  }

  /** Notes that a node was heard of, at most every 15 seconds. */
  async seen(principal: SitePrincipal): Promise<void> {
    const key = `${principal.siteId}/${principal.node}`;
    const before = this.#seenAt.get(key);
    if (before !== undefined && this.#now() - before < SEEN_EVERY_MS) return;
    this.#seenAt.delete(key);
    this.#seenAt.set(key, this.#now());
    if (this.#seenAt.size > MAX_CACHED) this.#seenAt.delete(this.#seenAt.keys().next().value ?? key);
    await withOrganisation(this.#database, principal.organisationId, async (tx) => {
      const now = sql<Date>`now()`;
      await tx.updateTable('site').set({ last_seen_at: now }).where('id', '=', principal.siteId).execute();
      await tx
        .updateTable('site_node')
        .set({ last_seen_at: now })
        .where('site_id', '=', principal.siteId)
        .where('node', '=', principal.node)
        .execute();
    });
  }
}

/** The site as the database has it now. */
export async function findSiteRecord(database: Database, site: SiteId): Promise<SiteRecord | undefined> {
  const { rows } = await sql<{
    id: SiteId;
    org_id: OrganisationId;
    org_name: string;
    name: string;
    state: SiteRecord['state'];
    sign_public_key: string | null;
  }>`select id, org_id, org_name, name, state, sign_public_key from platform_find_site(${site}::uuid)`.execute(database);
  const row = rows[0];
  if (row === undefined) return undefined;
  return {
    id: row.id,
    organisationId: row.org_id,
    organisationName: row.org_name,
    name: row.name,
    state: row.state,
    signPublicKey: row.sign_public_key,
  };
}

export const siteDisabled = (): LockstepError =>
  new LockstepError({
    class: 'AuthRejected',
    code: 'site.disabled',
    message: 'This site is disabled.',
    next: 'Enable the site on the platform; its engine then goes on by itself.',
  });
