/** A mailbox that an attempt of a run works on. */
import { sql } from 'kysely';
import type { MailboxId, MailboxKey, OrganisationId, RunId, SiteId } from '../shared/ids.ts';
import { isOpen, type RunState } from '../shared/runs.ts';
import type { FolderReplicationSettings } from '../shared/tasks.ts';
import type { OrganisationTransaction } from './database.ts';
import type { EffectiveRules } from './mailbox-rules.ts';
import { ConflictError, NotFoundError } from './record-errors.ts';
import { runClosed } from './site-runs.ts';

export interface LeasedMailbox {
  readonly id: MailboxId;
  /** Owner of its cursors. */
  readonly key: MailboxKey;
  readonly run: RunId;
  /** The same when no pass is under way. */
  readonly openPass: number;
  readonly completedPass: number;
  readonly rules: EffectiveRules;
  /** The definition asks for content. */
  readonly withContent: boolean;
  /** By the database's clock: what ages are counted to. */
  readonly now: Date;
}

/**
 * The mailbox whose lease is given, held until the transaction ends: of two pages, or a page and a claim, one waits for the other.
 * @throws NotFoundError for a mailbox that is in no run of the site, ConflictError `mailbox.lease-lost`, `run.closed`
 */
export async function holdMailbox(tx: OrganisationTransaction, site: SiteId, key: MailboxKey, lease: string): Promise<LeasedMailbox> {
  const { rows: [mailbox] } = await sql<{ id: MailboxId; open_pass: string; completed_pass: string }>`
    select id, open_pass, completed_pass from mailbox where key = ${key} for no key update`.execute(tx);
  const found = mailbox === undefined ? [] : await leases(tx, site, mailbox.id);
  if (mailbox === undefined || found.length === 0) throw new NotFoundError('such mailbox');
  const held = found.find((row) => row.lease === lease);
  if (held === undefined) throw leaseLost();
  if (!isOpen(held.state)) throw runClosed(held.state);
  return {
    id: mailbox.id,
    key,
    run: held.run_id,
    openPass: Number(mailbox.open_pass),
    completedPass: Number(mailbox.completed_pass),
    rules: rulesOf(held),
    withContent: held.settings.withContent,
    now: held.now,
  };
}

/** In which runs of the site the mailbox is, the newest first; an old one matters no more. */
async function leases(tx: OrganisationTransaction, site: SiteId, mailbox: MailboxId) {
  const { rows } = await sql<RuleRow & { run_id: RunId; lease: string | null; state: RunState; now: Date }>`
    select listed.run_id, listed.lease, run.state, definition.settings, organisation.leave_out_private, now() as now
    from run_mailbox listed
    join run on run.id = listed.run_id
    join task on task.id = run.task_id
    join definition on definition.id = task.definition_id
    join organisation on organisation.id = listed.org_id
    where listed.mailbox_id = ${mailbox} and task.site_id = ${site}
    order by listed.lease is null, run.number desc
    limit 20`.execute(tx);
  return rows;
}

export interface RuleRow {
  readonly settings: FolderReplicationSettings;
  readonly leave_out_private: boolean;
}
export const rulesOf = ({ settings, leave_out_private }: RuleRow): EffectiveRules => ({
  exclude: settings.exclude,
  rules: settings.rules,
  leaveOutPrivate: leave_out_private,
});

export const leaseLost = (): ConflictError =>
  new ConflictError({
    code: 'mailbox.lease-lost',
    message: 'Another attempt works on the mailbox.',
    next: 'Nothing: that attempt goes on where this one stopped.',
  });

/** The pass that is under way, opened when there is none. */
export async function openPass(tx: OrganisationTransaction, mailbox: LeasedMailbox): Promise<number> {
  if (mailbox.openPass > mailbox.completedPass) return mailbox.openPass;
  const { rows: [opened] } = await sql<{ open_pass: string }>`
    update mailbox set open_pass = completed_pass + 1 where id = ${mailbox.id} and open_pass = completed_pass returning open_pass`.execute(tx);
  const number = opened === undefined ? mailbox.completedPass + 1 : Number(opened.open_pass);
  if (opened !== undefined) {
    await sql`insert into pass (mailbox_id, number, org_id, run_id)
      values (${mailbox.id}, ${number}, ${currentOrganisation}, ${mailbox.run})`.execute(tx);
  }
  return number;
}

/** Of the transaction. */
export const currentOrganisation = sql<OrganisationId>`current_setting('lockstep.org')::uuid`;
