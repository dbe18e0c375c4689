/**
 * The moments of a mailbox at which it can be looked at. *Live*: the last completed pass; during the first pass what it has brought so far,
 * marked incomplete. *As of* T: the last pass completed at or before T. *Full*: everything that was ever there. The answer says which pass.
 */
import { sql } from 'kysely';
import type { MailboxId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { InvalidInputError, NotFoundError } from './record-errors.ts';

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

/** @throws NotFoundError, InvalidInputError for a moment to come */
export async function findViewedPass(tx: OrganisationTransaction, mailbox: MailboxId, view: MailboxView): Promise<ViewedPass> {
  const { rows: [found] } = await sql<{ open_pass: string; completed_pass: string; to_come: boolean | null }>`
    select open_pass, completed_pass, ${view.kind === 'as-of' ? view.at : null}::timestamptz > clock_timestamp() as to_come from mailbox where id = ${mailbox}`.execute(tx);
  if (found === undefined) throw new NotFoundError('such mailbox');
  if (found.to_come === true) throw new InvalidInputError([{ path: '/at', message: 'is in the future' }]);
  const full = view.kind === 'full';
  if (view.kind !== 'as-of' && found.completed_pass === '0') return { pass: Number(found.open_pass), complete: false, completedAt: null, full };
  const { rows: [pass] } = await sql<{ number: string; completed_at: Date }>`
    select number, completed_at from pass
    where mailbox_id = ${mailbox} and completed_at is not null ${view.kind === 'as-of' ? sql`and completed_at <= ${view.at}` : sql``}
    order by completed_at desc limit 1`.execute(tx);
  if (pass === undefined) return { pass: 0, complete: false, completedAt: null, full };
  return { pass: Number(pass.number), complete: true, completedAt: pass.completed_at, full };
}
