/** Folders that could not be read in the last pass of their mailbox. */
import { sql } from 'kysely';
import type { ErrorReport } from '../shared/errors.ts';
import type { FolderId, MailboxId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { folderPaths } from './folder-paths.ts';

export interface FolderProblem {
  readonly folder: FolderId;
  /** Names from the top. */
  readonly path: readonly string[];
  readonly error: ErrorReport;
}

export async function folderProblems(tx: OrganisationTransaction, mailbox: MailboxId): Promise<FolderProblem[]> {
  const { rows } = await sql<{ id: FolderId; error: ErrorReport }>`
    select id, error from folder where mailbox_id = ${mailbox} and closed_pass is null and error is not null order by name, id`.execute(tx);
  const paths = await folderPaths(tx, rows.map(({ id }) => id));
  return rows.map(({ id, error }) => ({ folder: id, path: paths.get(id) ?? [], error }));
}
