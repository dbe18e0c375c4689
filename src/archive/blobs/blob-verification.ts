/** Reads blobs again and hashes them. It changes nothing. */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { LockstepError } from '../../shared/errors.ts';
import { type BlobHash, blobHash, type ItemId, type MailboxKey, type OrganisationId } from '../../shared/ids.ts';
import { type Database, withOrganisation } from '../database.ts';
import type { BlobStorage } from './blob-storage.ts';

/** A page is answered well before a proxy's usual time-out of 60 s, also from a slow disk: 64 MB at 2 MB/s. */
const PAGE_BYTES = 64_000_000;
const PAGE_BLOBS = 2000;
/** Read at once: what one waits for, others use. */
const AT_ONCE = 8;
/** A picture in a signature is in thousands of messages. */
const ITEMS_SHOWN = 100;

export interface BlobProblem {
  readonly blob: BlobHash;
  readonly problem: 'missing' | 'damaged';
  readonly bytes: number;
  /** That need it, now or in the past; not more than a hundred. */
  readonly items: readonly { readonly mailbox: MailboxKey; readonly address: string; readonly item: ItemId }[];
  readonly itemCount: number;
}

export interface VerifiedPage {
  readonly blobs: number;
  readonly bytes: number;
  readonly problems: readonly BlobProblem[];
  /** Where to go on; null: that was all. */
  readonly next: BlobHash | null;
}

/**
 * The blobs that follow `after` in the order of their hashes. They are spread evenly, so the last hash says how far it is.
 * @throws LockstepError Unavailable `blob.store-unavailable`, ConfigInvalid `blob.store-refused`: it says nothing of the blobs
 */
export async function verifyBlobs(
  { database, storage }: { readonly database: Database; readonly storage: BlobStorage },
  organisation: OrganisationId,
  after: BlobHash | undefined,
): Promise<VerifiedPage> {
  const rows = await withOrganisation(database, organisation, async (tx) => {
    const found = await sql<{ hash: string; bytes: string }>`
      select encode(sha256, 'hex') as hash, bytes from (
        select sha256, bytes, sum(bytes) over (order by sha256) - bytes as before from (
          select sha256, bytes from blob where sha256 > decode(${after ?? ''}, 'hex') and not condemned order by sha256 limit ${PAGE_BLOBS}) b) b
      where before < ${PAGE_BYTES} order by sha256`.execute(tx);
    return found.rows.map(({ hash, bytes }) => ({ hash: blobHash(hash), bytes: Number(bytes) }));
  });
  const problems: BlobProblem[] = [];
  const queue = rows.values();
  const work = async (): Promise<void> => {
    for (const { hash, bytes } of queue) {
      const problem = await problemOf(storage, organisation, hash, bytes);
      if (problem === undefined) continue;
      const concerned = await withOrganisation(database, organisation, (tx) => itemsWith(tx, hash));
      // Collected meanwhile: nobody misses it.
      if (concerned !== undefined) problems.push({ blob: hash, problem, bytes, ...concerned });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  problems.sort((a, b) => (a.blob < b.blob ? -1 : 1));
  return {
    blobs: rows.length,
    bytes: rows.reduce((sum, { bytes }) => sum + bytes, 0),
    problems,
    next: rows.at(-1)?.hash ?? null,
  };
}

async function problemOf(storage: BlobStorage, organisation: OrganisationId, hash: BlobHash, bytes: number): Promise<BlobProblem['problem'] | undefined> {
  try {
    const sha256 = createHash('sha256');
    let read = 0;
    for await (const piece of (await storage.get(organisation, hash)) as AsyncIterable<Buffer>) {
      sha256.update(piece);
      read += piece.length;
    }
    return sha256.digest('hex') === hash && read === bytes ? undefined : 'damaged';
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    if (error.code === 'blob.missing') return 'missing';
    if (error.code === 'blob.damaged') return 'damaged';
    throw error;
  }
}

/** Undefined: the blob is not kept any more. */
async function itemsWith(tx: Parameters<Parameters<typeof withOrganisation>[2]>[0], hash: BlobHash): Promise<Pick<BlobProblem, 'items' | 'itemCount'> | undefined> {
  const { rows } = await sql<{ kept: boolean; items: BlobProblem['items'] | null; count: string }>`
    with concerned as (
      select distinct x.mailbox_id, x.id from (
        select mailbox_id, id, content_id from item union all select mailbox_id, item_id, content_id from former_version) x
      where x.content_id in (select content_id from referenced_blob where sha256 = decode(${hash}, 'hex')))
    select exists (select from blob where sha256 = decode(${hash}, 'hex') and not condemned) as kept,
      (select count(*) from concerned) as count,
      (select jsonb_agg(jsonb_build_object('mailbox', m.key, 'address', m.address, 'item', c.id::text) order by m.address, c.id)
        from (select * from concerned order by mailbox_id, id limit ${ITEMS_SHOWN}) c join mailbox m on m.id = c.mailbox_id) as items`.execute(tx);
  const [row] = rows;
  return row === undefined || !row.kept ? undefined : { items: row.items ?? [], itemCount: Number(row.count) };
}
