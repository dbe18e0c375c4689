/**
 * Attachments are sent around: the same file is in many messages of an organisation. So a large part becomes a blob of its own, and what is
 * left of its message another, once a rebuilding from these blobs has given the very bytes that were first read. Until then, and
 * where it does not, the message stays whole.
 */
import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { sql } from 'kysely';
import { Decoder } from 'libbase64';
import type { Logger } from 'pino';
import { LockstepError } from '../../shared/errors.ts';
import { blobHash, type BlobHash, type OrganisationId } from '../../shared/ids.ts';
import { holdBlob, recordBlob, referToBlobs, reviveBlob } from '../blobs/blob-rows.ts';
import type { BlobStore } from '../blobs/blob-store.ts';
import { type Database, withOrganisation } from '../database.ts';
import { SHARED_PART_MIN_BYTES } from './content-rows.ts';
import { ByteReader, openMessage } from './open-content.ts';
import type { StoredPart } from './stored-content.ts';

export interface SharingDependencies {
  readonly database: Database;
  readonly blobs: Pick<BlobStore, 'get' | 'has' | 'put'>;
  readonly logger: Pick<Logger, 'warn'>;
}

/** A message whose rest is larger is text or messages for the most part, and stays whole. Held in memory. */
const REST_MAX_BYTES = 1024 * 1024;
const CONTENTS_AT_ONCE = 100;

/** Shares the parts of all messages that are due. Several servers may do this at once, and a killed one has lost nothing. */
export async function shareParts(deps: SharingDependencies, signal: AbortSignal): Promise<void> {
  for (let after = '0'; !signal.aborted; ) {
    const { rows } = await sql<{ id: string; org_id: OrganisationId }>`select id, org_id from platform_contents_to_share(${after}, ${CONTENTS_AT_ONCE})`.execute(deps.database);
    for (const { id, org_id } of rows) {
      if (signal.aborted) return;
      try {
        await shareContent(deps, org_id, id);
      } catch (error) {
        // One that fails now may succeed the next time, and the others do not wait for it. What is lost or damaged is said once.
        deps.logger.warn({ err: error, organisation: org_id, content: id }, 'parts of a message are not shared');
        if (error instanceof LockstepError && error.class === 'ItemUnreadable') await leaveWhole(deps, org_id, id);
      }
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

const leaveWhole = ({ database }: SharingDependencies, organisation: OrganisationId, id: string) =>
  withOrganisation(database, organisation, (tx) => sql`update content set to_share = false where id = ${id}`.execute(tx));

type Cut = Pick<StoredPart, 'number' | 'sha256'> & { readonly cut: NonNullable<StoredPart['cut']> };

async function shareContent(deps: SharingDependencies, organisation: OrganisationId, id: string): Promise<void> {
  const { database, blobs, logger } = deps;
  const found = await withOrganisation(database, organisation, async (tx) => {
    const { rows: [content] } = await sql<{ sha256: string; blob: string }>`
      select encode(sha256, 'hex') as sha256, encode(blob, 'hex') as blob from content where id = ${id} and to_share`.execute(tx);
    const { rows } = await sql<{ number: number; sha256: string; base64_at: string; base64_length: string }>`
      select number, encode(sha256, 'hex') as sha256, base64_at, base64_length from content_part
      where content_id = ${id} and base64_at is not null and bytes >= ${SHARED_PART_MIN_BYTES} order by base64_at`.execute(tx);
    const cuts = rows.map(({ number, sha256, base64_at, base64_length }): Cut => ({
      number, sha256: blobHash(sha256), cut: { at: Number(base64_at), length: Number(base64_length) },
    }));
    return content === undefined ? undefined : { sha256: blobHash(content.sha256), blob: blobHash(content.blob), cuts };
  });
  if (found === undefined) return;
  const { sha256, blob, cuts } = found;
  const rest = await cutParts(deps, organisation, blob, cuts);
  const rebuilt = rest !== undefined && (await isRebuilt(blobs, organisation, sha256, rest, cuts));
  if (rest !== undefined && !rebuilt) logger.warn({ organisation, content: id }, 'a message is not the same when it is put together again, and stays whole');
  if (!rebuilt) {
    await leaveWhole(deps, organisation, id);
    return;
  }
  await withOrganisation(database, organisation, async (tx) => {
    const hashes = [rest, ...cuts.map((part) => part.sha256)];
    // Collected in between: the next time.
    if ((await referToBlobs(tx, hashes)).length > 0) return;
    await sql`update content_part set shared = true where content_id = ${id} and number = any (${cuts.map(({ number }) => number)}::integer[])`.execute(tx);
    await sql`update content set stored_as = 'parts', blob = ${Buffer.from(rest, 'hex')}, to_share = false where id = ${id}`.execute(tx);
  });
}

/** Makes a blob of each part and one of the rest; undefined: the rest is too large. */
async function cutParts(deps: SharingDependencies, organisation: OrganisationId, blob: BlobHash, cuts: readonly Cut[]): Promise<BlobHash | undefined> {
  const message = await deps.blobs.get(organisation, blob);
  try {
    const bytes = new ByteReader(message);
    const rest: Buffer[] = [];
    let [at, size] = [0, 0];
    const keep = async (count: number) => {
      for await (const piece of bytes.take(count)) {
        size += piece.length;
        if (size > REST_MAX_BYTES) return false;
        // A piece may be a view of a larger one.
        rest.push(Buffer.from(piece));
      }
      return true;
    };
    for (const { sha256, cut } of cuts) {
      if (!(await keep(cut.at - at))) return undefined;
      await keepPart(deps, organisation, sha256, bytes.take(cut.length));
      at = cut.at + cut.length;
    }
    if (!(await keep(Number.POSITIVE_INFINITY))) return undefined;
    const all = Buffer.concat(rest);
    const hash = blobHash(createHash('sha256').update(all).digest('hex'));
    await keepBlob(deps, organisation, hash, () => Readable.from([all]));
    return hash;
  } finally {
    message.destroy();
  }
}

async function keepPart(deps: SharingDependencies, organisation: OrganisationId, hash: BlobHash, base64: AsyncIterable<Buffer>): Promise<void> {
  let taken = false;
  await keepBlob(deps, organisation, hash, () => {
    taken = true;
    return pipeline(Readable.from(base64, { objectMode: false }), new Decoder(), () => undefined);
  });
  // It is there already: what comes after it in the message is looked for.
  if (!taken) for await (const piece of base64) void piece;
}

/** As an upload does (blob-uploads.ts). */
async function keepBlob({ database, blobs }: SharingDependencies, organisation: OrganisationId, hash: BlobHash, bytes: () => Readable): Promise<void> {
  if ((await withOrganisation(database, organisation, (tx) => reviveBlob(tx, hash))) !== undefined) return;
  const stored = await blobs.put(organisation, hash, bytes());
  await withOrganisation(database, organisation, async (tx) => {
    await holdBlob(tx, hash);
    // Collected in between: nothing refers to it then, and the next time puts it there again.
    if (await blobs.has(organisation, hash)) await recordBlob(tx, hash, stored);
  });
}

async function isRebuilt(blobs: Pick<BlobStore, 'get'>, organisation: OrganisationId, sha256: BlobHash, rest: BlobHash, cuts: readonly Cut[]): Promise<boolean> {
  const hash = createHash('sha256');
  for await (const piece of (await openMessage(blobs, organisation, { blob: rest, parts: cuts })) as AsyncIterable<Buffer>) hash.update(piece);
  return hash.digest('hex') === sha256;
}
