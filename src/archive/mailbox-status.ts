/** All that is known of how one mailbox fares: with its tasks, and in the archive. */
import { sql } from 'kysely';
import type { RecipientType } from '../shared/directory.ts';
import type { ErrorReport } from '../shared/errors.ts';
import type { MailboxId, MailboxKey, RunId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { type FolderProblem, folderProblems } from './folder-problems.ts';
import { countMailbox, type MailboxCounts } from './mailbox-counts.ts';
import { findMailboxFeatures, type MailboxFeatureStatus } from './mailbox-features.ts';
import { countUnreadable } from './mailbox-list.ts';
import { NotFoundError } from './record-errors.ts';

/** An open run that has the mailbox in its list. */
export interface MailboxWork {
  readonly run: { readonly id: RunId; readonly number: number };
  readonly task: string;
  /** `listed`: its turn has not come. `reading`. `waiting`: an attempt failed with `error`, another follows. `done`. */
  readonly state: 'listed' | 'reading' | 'waiting' | 'done';
  readonly error: ErrorReport | null;
  /** What the run committed of it so far. */
  readonly pages: number;
  readonly items: number;
}

export interface MailboxStatus extends MailboxCounts {
  readonly key: MailboxKey;
  readonly address: string;
  readonly displayName: string;
  readonly recipientType: RecipientType;
  readonly exchangeGuid: string | null;
  /** Through which it is read; null: through none yet. */
  readonly connection: { readonly name: string; readonly site: string } | null;
  readonly features: readonly MailboxFeatureStatus[];
  readonly work: readonly MailboxWork[];
  /** False: the first pass is under way, or has not begun; the counts are those so far. */
  readonly complete: boolean;
  readonly completedPass: number;
  readonly completedAt: Date | null;
  /** Every folder was read, whatever its hint said. */
  readonly verifiedAt: Date | null;
  readonly unreadable: number;
  /** Folders that could not be read in the last pass. */
  readonly failedFolders: readonly FolderProblem[];
}

interface Row {
  readonly key: MailboxKey;
  readonly address: string;
  readonly display_name: string;
  readonly recipient_type: RecipientType;
  readonly exchange_guid: string | null;
  readonly connection: string | null;
  readonly site: string | null;
  readonly completed_pass: string;
  readonly completed_at: Date | null;
  readonly verified_at: Date | null;
  readonly folders: string;
  readonly items: string;
  readonly left_out: string;
  readonly bytes: string;
}

/** @throws NotFoundError */
export async function findMailboxStatus(tx: OrganisationTransaction, mailbox: MailboxId): Promise<MailboxStatus> {
  const { rows: [row] } = await sql<Row>`
    select m.key, m.address, m.display_name, m.recipient_type, m.exchange_guid, c.name as connection, site.name as site, m.completed_pass,
      (select completed_at from pass p where p.mailbox_id = m.id and p.number = m.completed_pass) as completed_at, m.verified_at,
      m.folders, m.items, m.left_out, m.bytes
    from mailbox m
    left join exchange_connection c on c.id = m.connection_id
    left join site on site.id = c.site_id
    where m.id = ${mailbox}`.execute(tx);
  if (row === undefined) throw new NotFoundError('such mailbox');
  const completedPass = Number(row.completed_pass);
  const stored = { folders: Number(row.folders), items: Number(row.items), leftOut: Number(row.left_out), bytes: Number(row.bytes) };
  return {
    key: row.key,
    address: row.address,
    displayName: row.display_name,
    recipientType: row.recipient_type,
    exchangeGuid: row.exchange_guid,
    connection: row.connection === null || row.site === null ? null : { name: row.connection, site: row.site },
    features: (await findMailboxFeatures(tx, [mailbox])).get(mailbox) ?? [],
    work: await workOn(tx, mailbox),
    complete: completedPass > 0,
    completedPass,
    completedAt: row.completed_at,
    verifiedAt: row.verified_at,
    unreadable: (await countUnreadable(tx, [mailbox])).get(mailbox) ?? 0,
    failedFolders: await folderProblems(tx, mailbox),
    ...(completedPass > 0 ? stored : await countMailbox(tx, mailbox)),
  };
}

async function workOn(tx: OrganisationTransaction, mailbox: MailboxId): Promise<MailboxWork[]> {
  const { rows } = await sql<{ id: RunId; number: string; task: string; state: MailboxWork['state']; error: ErrorReport | null; pages: string; items: string }>`
    select run.id, run.number, task.name as task, listed.error, listed.pages, listed.items,
      case when listed.outcome in ('waiting', 'deferred') then 'waiting' when listed.outcome is not null then 'done'
        when listed.lease is null then 'listed' else 'reading' end as state
    from run
    join task on task.id = run.task_id
    cross join lateral (select * from run_mailbox l where l.mailbox_id = ${mailbox} and l.run_id = run.id limit 1) listed
    where run.state in ('queued', 'running') and run.task_id is not null
    order by run.number desc`.execute(tx);
  return rows.map(({ id, number, task, state, error, pages, items }) => ({
    run: { id, number: Number(number) }, task, state, error, pages: Number(pages), items: Number(items),
  }));
}
