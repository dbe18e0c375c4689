/**
 * Pages of a mailbox's hierarchy and folders. A full reading goes on in its epoch whoever reads, since states of Exchange outlive a
 * connection; its last page opens the epoch of changes with the state that it brings.
 */
import { sql } from 'kysely';
import type { FolderId } from '../shared/ids.ts';
import type { CursorState, MailboxPageAnswer } from '../shared/mailbox-contract.ts';
import type { OrganisationTransaction } from './database.ts';
import type { LeasedMailbox } from './mailbox-lease.ts';
import { commitPage, type CursorKey, type CursorPosition, openDeltaEpoch, openEpoch } from './page-cursor.ts';

/** Of the table page_cursor. */
export const folderScope = (folder: FolderId): string => `folder:${folder}`;
export const hierarchyCursor = ({ key }: Pick<LeasedMailbox, 'key'>): CursorKey => ({ owner: key, scope: 'hierarchy' });
export const folderCursor = ({ key }: Pick<LeasedMailbox, 'key'>, folder: FolderId): CursorKey => ({ owner: key, scope: folderScope(folder) });

export interface StatePage extends CursorPosition {
  readonly hash: Buffer;
  /** Opaque, as the source wrote it. */
  readonly state: string;
  readonly last: boolean;
}
export interface Reading {
  readonly phase: 'full' | 'delta';
  readonly epoch: number;
}

/** Commits a page as page-cursor.ts says. `apply` is told in which reading. The mailbox is held. */
export async function commitStatePage(
  tx: OrganisationTransaction,
  key: CursorKey,
  { epoch, seq, hash, state, last }: StatePage,
  apply: (reading: Reading) => Promise<void>,
): Promise<MailboxPageAnswer> {
  const cursor = await findCursor(tx, key);
  // The answer to the last page of a full reading was lost.
  if (cursor?.phase === 'delta' && cursor.seq === 0 && cursor.epoch === epoch + 1 && cursor.hash?.equals(hash) === true) {
    return { outcome: 'already-applied', next: { epoch: cursor.epoch, seq: 0 } };
  }
  const phase = cursor?.phase ?? 'full';
  const value = Buffer.from(state, 'utf8');
  const completes = phase === 'full' && last;
  const answer = await commitPage(tx, { ...key, epoch, seq, hash, last: completes, value }, () => apply({ phase, epoch }));
  if (answer.outcome === 'stale') return { outcome: 'stale', seq: answer.seq };
  if (answer.outcome === 'superseded') return { outcome: 'superseded', epoch: answer.epoch };
  if (!completes || answer.outcome === 'already-applied') return { outcome: answer.outcome, next: { epoch, seq: answer.seq } };
  const next = await openDeltaEpoch(tx, key, value);
  await tx.updateTable('page_cursor').set({ page_hash: hash }).where('owner', '=', key.owner).where('scope', '=', key.scope).execute();
  return { outcome: 'applied', next };
}

/** The state was refused: from the beginning, in a new epoch. */
export async function restartReading(tx: OrganisationTransaction, key: CursorKey): Promise<CursorState> {
  const { epoch, seq } = await openEpoch(tx, key);
  await tx.updateTable('page_cursor').set({ value: null }).where('owner', '=', key.owner).where('scope', '=', key.scope).execute();
  return { epoch, seq, phase: 'full', state: null };
}

/** Where a reading of the hierarchy is; it begins with the first question. */
export async function hierarchyState(tx: OrganisationTransaction, mailbox: Pick<LeasedMailbox, 'key'>): Promise<CursorState> {
  const key = hierarchyCursor(mailbox);
  const cursor = await findCursor(tx, key);
  return cursor === undefined ? restartReading(tx, key) : cursorState(cursor);
}

export interface CursorRow {
  readonly epoch: string | number;
  readonly seq: string | number;
  readonly phase: 'full' | 'delta';
  readonly value: Buffer | null;
}
export const cursorState = ({ epoch, seq, phase, value }: CursorRow): CursorState => ({
  epoch: Number(epoch),
  seq: Number(seq),
  phase,
  state: value === null ? null : value.toString('utf8'),
});

async function findCursor(tx: OrganisationTransaction, { owner, scope }: CursorKey) {
  const { rows: [row] } = await sql<CursorRow & { page_hash: Buffer | null }>`
    select epoch, seq, phase, value, page_hash from page_cursor where owner = ${owner} and scope = ${scope}`.execute(tx);
  return row === undefined ? undefined : { ...row, epoch: Number(row.epoch), seq: Number(row.seq), hash: row.page_hash };
}
