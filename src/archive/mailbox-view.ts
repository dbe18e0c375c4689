/**
 * The moments of a mailbox at which it can be looked at. *Live*: the last completed pass; during the first pass what it has brought so far,
 * marked incomplete. *As of* T: the last pass completed at or before T. *Full*: everything that was ever there. The answer says which pass.
 */
import { sql } from 'kysely';
import type { MailboxId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { NotFoundError } from './record-errors.ts';

export type MailboxView = { readonly kind: 'live' } | { readonly kind: 'full' } | { readonly kind: 'as-of'; readonly at: Date };

/** What a view shows. */
export interface ViewedPass {
  /** 0: nothing, since no pass was complete then. */
  readonly pass: number;
  /** False only while the first pass is under way, and before it. */
  readonly complete: boolean;
  readonly completedAt: Date | null;
  /** Not only what was there in `pass`. */
  readonly full: boolean;
}

/** @throws NotFoundError */
export async function findViewedPass(tx: OrganisationTransaction, mailbox: MailboxId, view: MailboxView): Promise<ViewedPass> {
  const { rows: [found] } = await sql<{ open_pass: string; completed_pass: string }>`
    select open_pass, completed_pass from mailbox where id = ${mailbox}`.execute(tx);
  if (found === undefined) throw new NotFoundError('such mailbox');
  const full = view.kind === 'full';
  if (view.kind !== 'as-of' && found.completed_pass === '0') return { pass: Number(found.open_pass), complete: false, completedAt: null, full };
  const { rows: [pass] } = await sql<{ number: string; completed_at: Date }>`
    select number, completed_at from pass
    where mailbox_id = ${mailbox} and completed_at is not null ${view.kind === 'as-of' ? sql`and completed_at <= ${view.at}` : sql``}
    order by completed_at desc limit 1`.execute(tx);
  if (pass === undefined) return { pass: 0, complete: false, completedAt: null, full };
  return { pass: Number(pass.number), complete: true, completedAt: pass.completed_at, full };
}
