/**
 * Deletes blobs that nothing refers to, and what uploads left behind. First rows are condemned, after which nothing refers to them
 * any more (blob-rows.ts); then their bytes go, each while it is held, so that an upload of the same bytes comes before or after.
 */
import { sql } from 'kysely';
import { type BlobHash, blobHash, type OrganisationId } from '../../shared/ids.ts';
import { type Database, type OrganisationTransaction, withOrganisation } from '../database.ts';
import { listOrganisations } from '../organisations.ts';
import { holdBlob } from './blob-rows.ts';
import type { BlobStorage } from './blob-storage.ts';

/** Longer than a site that is cut off in the middle of a mailbox needs to come back and commit what it has uploaded. */
export const UNREFERENCED_DAYS = 7;
const DAY_MS = 86_400_000;
/** A few hundred hashes are one question to the database. */
const BATCH = 500;

export interface CollectionDeps {
  readonly database: Database;
  readonly storage: BlobStorage;
  /** For the age of files; that of rows is the database's. */
  readonly now: () => Date;
}

export interface Collected {
  readonly blobs: number;
  /** Files that no row knows of. */
  readonly orphans: number;
}

/** Of every organisation. Any number of servers may do it at once. */
export async function collectBlobs(deps: CollectionDeps): Promise<Collected> {
  const before = new Date(deps.now().getTime() - UNREFERENCED_DAYS * DAY_MS);
  let blobs = 0;
  let orphans = 0;
  for (const { id } of await listOrganisations(deps.database)) {
    for (const hash of await condemn(deps.database, id)) blobs += (await removeCondemned(deps, id, hash)) ? 1 : 0;
    orphans += await removeOrphans(deps, id, before);
    await deps.storage.removePartsBefore(id, before);
  }
  await deps.storage.removeBroken(before);
  return { blobs, orphans };
}

const isReferenced = sql<boolean>`exists (select from referenced_blob r where r.org_id = blob.org_id and r.sha256 = blob.sha256)`;

async function condemn(database: Database, organisation: OrganisationId): Promise<BlobHash[]> {
  return withOrganisation(database, organisation, async (tx) => {
    // References end without a word to the blob's row.
    await sql`update blob set unreferenced_since = now() where unreferenced_since is null and not ${isReferenced}`.execute(tx);
    await sql`update blob set unreferenced_since = null where unreferenced_since is not null and not condemned and ${isReferenced}`.execute(tx);
    await sql`
      update blob set condemned = true
      where not condemned and unreferenced_since < now() - make_interval(days => ${UNREFERENCED_DAYS}) and not ${isReferenced}`.execute(tx);
    const { rows } = await sql<{ hash: string }>`select encode(sha256, 'hex') as hash from blob where condemned`.execute(tx);
    return rows.map(({ hash }) => blobHash(hash));
  });
}

function removeCondemned({ database, storage }: CollectionDeps, organisation: OrganisationId, hash: BlobHash): Promise<boolean> {
  return withOrganisation(database, organisation, async (tx) => {
    await holdBlob(tx, hash);
    const { rows } = await sql`delete from blob where sha256 = decode(${hash}, 'hex') and condemned returning 1`.execute(tx);
    // An upload brought it back, or another server was faster.
    if (rows.length === 0) return false;
    await storage.remove(organisation, hash);
    return true;
  });
}

/** Bytes of an upload whose server ended before it wrote the row. */
async function removeOrphans({ database, storage }: CollectionDeps, organisation: OrganisationId, before: Date): Promise<number> {
  let removed = 0;
  const removeUnknown = async (hashes: readonly BlobHash[]): Promise<void> => {
    const unknown = await withOrganisation(database, organisation, (tx) => withoutRow(tx, hashes));
    for (const hash of unknown) {
      await withOrganisation(database, organisation, async (tx) => {
        await holdBlob(tx, hash);
        if ((await withoutRow(tx, [hash])).length === 0) return;
        await storage.remove(organisation, hash);
        removed += 1;
      });
    }
  };
  let batch: BlobHash[] = [];
  for await (const { hash, storedAt } of storage.list(organisation)) {
    if (storedAt >= before) continue;
    batch.push(hash);
    if (batch.length < BATCH) continue;
    await removeUnknown(batch);
    batch = [];
  }
  if (batch.length > 0) await removeUnknown(batch);
  return removed;
}

async function withoutRow(tx: OrganisationTransaction, hashes: readonly BlobHash[]): Promise<BlobHash[]> {
  const { rows } = await sql<{ hash: string }>`
    select h as hash from jsonb_array_elements_text(${JSON.stringify(hashes)}::jsonb) h
    where not exists (select from blob where sha256 = decode(h, 'hex'))`.execute(tx);
  return rows.map(({ hash }) => blobHash(hash));
}
