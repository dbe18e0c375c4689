/** The end of a pass: what its pages brought takes effect together. */
import { sql } from 'kysely';
import type { ItemId, MailboxId } from '../shared/ids.ts';
import type { PassCompletion } from '../shared/mailbox-contract.ts';
import type { OrganisationTransaction } from './database.ts';
import { storable } from './directory-text.ts';
import { countMailbox } from './mailbox-counts.ts';
import { foldersToJudge } from './mailbox-folders.ts';
import { setTimes } from './mailbox-items.ts';
import { judgeFolders } from './mailbox-judging.ts';
import { type LeasedMailbox, openPass } from './mailbox-lease.ts';
import { sqlFile } from './sql-file.ts';

interface Pair {
  readonly ended: ItemId;
  readonly fresh: ItemId;
}
const movedItemsSql = sqlFile<Pair, [mailbox: MailboxId, pass: number, limit: number]>('moved-items');
const returnedItemsSql = sqlFile<Pair, [mailbox: MailboxId, pass: number, limit: number]>('returned-items');
const uniteItemsSql = sqlFile<never, [ended: readonly ItemId[], fresh: readonly ItemId[], mailbox: MailboxId, pass: number]>('unite-items');

/** Pairs a statement: somebody may have moved a whole folder's items. */
const PAIRS_AT_ONCE = 2000;

/**
 * Completes the pass that is under way; when nothing was new there is none, and only hints and failures are kept. Items that rules let in no
 * more leave the scope with it. Repeating it changes nothing. Answers the number of the last completed pass.
 */
export async function completePass(tx: OrganisationTransaction, mailbox: LeasedMailbox, completion: PassCompletion): Promise<number> {
  let pass = mailbox.openPass;
  if (pass > mailbox.completedPass) {
    await unite(tx, mailbox, movedItemsSql);
    if (pass > 1) await unite(tx, mailbox, returnedItemsSql);
  }
  await judgeFolders(tx, mailbox, await foldersToJudge(tx, mailbox.id), async () => (pass = await openPass(tx, mailbox)));
  if (pass > mailbox.completedPass) {
    // Not the transaction's time: a pass is over when it is seen to be, after the pass before.
    await sql`update pass set completed_at = clock_timestamp() where mailbox_id = ${mailbox.id} and number = ${pass}`.execute(tx);
  }
  const counts = pass > mailbox.completedPass ? await countMailbox(tx, mailbox.id) : undefined;
  if (counts !== undefined) {
    await sql`
      update mailbox set folders = ${counts.folders}, items = ${counts.items}, left_out = ${counts.leftOut}, bytes = ${counts.bytes}
      where id = ${mailbox.id}`.execute(tx);
  }
  await sql`
    update mailbox set completed_pass = open_pass, verified_at = case when ${completion.verified}::boolean then now() else verified_at end
    where id = ${mailbox.id} and (completed_pass <> open_pass or ${completion.verified}::boolean)`.execute(tx);
  await keepHints(tx, mailbox, completion);
  if (completion.wrongHints.length > 0) await distrustHints(tx, mailbox);
  return pass;
}

async function unite(tx: OrganisationTransaction, { id: mailbox, openPass: pass }: LeasedMailbox, find: typeof movedItemsSql): Promise<void> {
  for (;;) {
    const pairs = await find(tx, mailbox, pass, PAIRS_AT_ONCE);
    if (pairs.length === 0) return;
    const fresh = pairs.map((pair) => pair.fresh);
    // Two rows must not have one hash at any moment of a statement.
    await sql`update item set source_hash = source_hash || '\\x00'::bytea where mailbox_id = ${mailbox} and id = any (${fresh}::bigint[])`.execute(tx);
    const ended = pairs.map((pair) => pair.ended);
    await uniteItemsSql(tx, ended, fresh, mailbox, pass);
    await setTimes(tx, mailbox, ended);
    for (const table of ['former_placement', 'former_version']) {
      await sql`delete from ${sql.table(table)} where mailbox_id = ${mailbox} and item_id = any (${fresh}::bigint[])`.execute(tx);
    }
    await sql`delete from item where mailbox_id = ${mailbox} and id = any (${fresh}::bigint[])`.execute(tx);
  }
}

async function keepHints(tx: OrganisationTransaction, mailbox: LeasedMailbox, { hints, failures }: PassCompletion): Promise<void> {
  const failed = failures.map(({ folder, error }) => ({ folder, error: { ...error, message: storable(error.message), next: storable(error.next) } }));
  const done = hints.map(({ folder, hint }) => ({ folder, hint: storable(hint) }));
  await sql`
    update folder f set error = x.error, hint = case when x.error is null then coalesce(x.hint, f.hint) end
    from (
      select f.id, (select h.hint from jsonb_to_recordset(${JSON.stringify(done)}::jsonb) as h (folder bigint, hint text) where h.folder = f.id limit 1) as hint,
        (select e.error from jsonb_to_recordset(${JSON.stringify(failed)}::jsonb) as e (folder bigint, error jsonb) where e.folder = f.id limit 1) as error
      from folder f
      where f.mailbox_id = ${mailbox.id} and f.closed_pass is null) x
    where f.id = x.id and (f.error is distinct from x.error or x.hint is not null and f.hint is distinct from x.hint)`.execute(tx);
}

/** Of this server, for good. */
async function distrustHints(tx: OrganisationTransaction, mailbox: LeasedMailbox): Promise<void> {
  await sql`
    update exchange_connection set hints_trusted = false
    where id = (select connection_id from mailbox where id = ${mailbox.id}) and hints_trusted`.execute(tx);
}
