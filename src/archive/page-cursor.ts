/**
 * Pages and cursors: the one rule by which a page of anything that is read (a directory, a mailbox hierarchy, a folder)
 * enters the archive exactly once, under any crash, retry or overlap.
 *
 * A cursor is the row (owner, scope). It has an *epoch*, which is one attempt to read everything from its beginning,
 * and a *seq*, which is the number of pages committed in that epoch.
 *
 *              openEpoch                      commitPage(last)
 *   (no row) ───────────► reading (e, seq 0) ─────────────────► complete (e, seq n)
 *                          │ ▲     │ ▲                            │
 *                          └─┘     └─┘ openEpoch: (e + 1, seq 0)  │ openEpoch: (e + 1, seq 0)
 *              commitPage: seq + 1  ◄─────────────────────────────┘
 *
 * A page names the position (epoch, seq) that it starts from and brings its own hash. It is
 *
 * | answer          | when                                                     | what its sender does       |
 * |-----------------|----------------------------------------------------------|----------------------------|
 * | applied         | the position is the cursor's                             | sends the next page        |
 * | already-applied | it is the page committed last: seq - 1 and the same hash | sends the next page        |
 * | stale           | the same epoch, any other seq or another hash            | goes on from the seq given |
 * | superseded      | a newer epoch is open                                    | stops                      |
 *
 * Invariants, each proved by test/integration/archive-page-cursor.test.ts:
 *
 * 1. The effects of a page and the step of the cursor are one transaction: both are there or neither.
 * 2. The effects of (epoch, seq) are committed at most once.
 * 3. (epoch, seq) of a cursor only grows: epoch by openEpoch, seq by one with each page, from 0 in each epoch.
 * 4. Of two pages, or a page and an openEpoch, at the same time, one waits for the other: the row is locked first.
 * 5. Once openEpoch has committed, no page of an older epoch changes anything.
 * 6. An epoch is completed by its last page only, takes no page after it, and completed_epoch only grows.
 * 7. So a reader that stamps what it sees with the epoch, and ends with the last page what does not carry the stamp,
 *    leaves the state of the source, whatever happened to earlier attempts.
 *
 * `value` is the reader's own (a watermark, a sync state) and is never compared: after a reset a source may repeat it.
 *
 * An epoch of phase `delta` holds changes and has no last page: it begins with the value that the reading left whose last page
 * opened it, goes on with each page's own, and ends when the next reading opens another. A value of null: there is nothing to
 * go on from.
 */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { LockstepError } from '../shared/errors.ts';
import type { PageAnswer } from '../shared/site-contract.ts';
import type { OrganisationTransaction } from './database.ts';

/** Whose reading of what. `owner` is an id of ours; `scope` names one naming context, hierarchy or folder. */
export interface CursorKey {
  readonly owner: string;
  readonly scope: string;
}

export interface CursorPosition {
  readonly epoch: number;
  readonly seq: number;
}

export interface CursorPage extends CursorKey, CursorPosition {
  /** SHA-256 of the page as it was sent. */
  readonly hash: Buffer;
  /** True on the page that completes the epoch. */
  readonly last: boolean;
  /** Stored with the page; absent = as it was. */
  readonly value?: Buffer;
}

export const pageHash = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/**
 * Opens a new epoch: from the commit of this transaction on, pages of older epochs are superseded. Every attempt of a
 * full reading calls it once, so that an older attempt which is still under way stops at its next page.
 */
export const openEpoch = (tx: OrganisationTransaction, key: CursorKey): Promise<CursorPosition> => open(tx, key, { phase: 'full' });

/** Opens a new epoch of changes, which go on from `value`. */
export const openDeltaEpoch = (tx: OrganisationTransaction, key: CursorKey, value: Buffer | null): Promise<CursorPosition> =>
  open(tx, key, { phase: 'delta', value });

async function open(
  tx: OrganisationTransaction,
  { owner, scope }: CursorKey,
  start: { readonly phase: 'full' | 'delta'; readonly value?: Buffer | null },
): Promise<CursorPosition> {
  const row = await tx
    .insertInto('page_cursor')
    .values({
      owner,
      scope,
      org_id: sql`nullif(current_setting('lockstep.org', true), '')::uuid`,
      epoch: 1,
      seq: 0,
      ...start,
    })
    .onConflict((conflict) =>
      conflict.columns(['owner', 'scope']).doUpdateSet((eb) => ({
        epoch: eb('page_cursor.epoch', '+', '1'),
        seq: 0,
        ...start,
        page_hash: null,
        opened_at: sql<Date>`now()`,
      })),
    )
    .returning('epoch')
    .executeTakeFirstOrThrow();
  return { epoch: Number(row.epoch), seq: 0 };
}

/**
 * Commits a page: runs `apply` and moves the cursor, both in the caller's transaction, if the page starts where the
 * cursor is; otherwise only answers where the cursor is. When `apply` throws, the caller's transaction must be rolled
 * back.
 * @throws LockstepError CursorInvalid `cursor.unknown-epoch` when no such epoch was opened (the database was restored,
 *   or the sender made it up), `cursor.epoch-complete` for another page after the last one
 */
export async function commitPage(
  tx: OrganisationTransaction,
  page: CursorPage,
  apply: () => Promise<void>,
): Promise<PageAnswer> {
  const cursor = await lock(tx, page);
  if (cursor === undefined || cursor.epoch < page.epoch) {
    throw new LockstepError({
      class: 'CursorInvalid',
      code: 'cursor.unknown-epoch',
      message: `Epoch ${page.epoch} of this reading was never opened.`,
      next: 'Start the reading again; nothing was changed.',
    });
  }
  if (cursor.epoch > page.epoch) return { outcome: 'superseded', epoch: cursor.epoch };
  if (page.seq === cursor.seq - 1 && cursor.hash?.equals(page.hash) === true) {
    return { outcome: 'already-applied', seq: cursor.seq };
  }
  if (page.seq !== cursor.seq) return { outcome: 'stale', seq: cursor.seq };
  if (cursor.completedEpoch === cursor.epoch) {
    throw new LockstepError({
      class: 'CursorInvalid',
      code: 'cursor.epoch-complete',
      message: `Epoch ${page.epoch} of this reading is complete and takes no further page.`,
      next: 'Start the reading again; nothing was changed.',
    });
  }

  await apply();
  const seq = page.seq + 1;
  await tx
    .updateTable('page_cursor')
    .set({
      seq,
      page_hash: page.hash,
      ...(page.last ? { completed_epoch: page.epoch } : {}),
      ...(page.value === undefined ? {} : { value: page.value }),
    })
    .where('owner', '=', page.owner)
    .where('scope', '=', page.scope)
    .execute();
  return { outcome: 'applied', seq };
}

/** In READ COMMITTED the row is read again after the wait, so what it says is what the transaction before left. */
async function lock(tx: OrganisationTransaction, { owner, scope }: CursorKey) {
  const row = await tx
    .selectFrom('page_cursor')
    .select(['epoch', 'seq', 'page_hash', 'completed_epoch'])
    .where('owner', '=', owner)
    .where('scope', '=', scope)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    epoch: Number(row.epoch),
    seq: Number(row.seq),
    hash: row.page_hash,
    completedEpoch: Number(row.completed_epoch),
  };
}
