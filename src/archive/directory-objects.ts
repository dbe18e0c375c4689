import type { DirectoryEntry, DirectoryProblem } from '../shared/directory.ts';
import type { DirectoryAttempt } from './directory-attempt.ts';
import { type DirectoryRow, mapEntry } from './directory-mapping.ts';
import { nameEndings } from './directory-text.ts';

export interface MappedPage {
  readonly rows: readonly DirectoryRow[];
  /** Objects that were seen and cannot be kept. */
  readonly unkeepable: readonly string[];
  readonly problems: readonly DirectoryProblem[];
}

/** The entries of a page as rows, each object once: of two sightings in one page the later counts. */
export function mapPage(entries: readonly DirectoryEntry[], { scope }: Pick<DirectoryAttempt, 'scope'>): MappedPage {
  const latest = new Map(entries.map((entry) => [entry.guid, entry]));
  const rows: DirectoryRow[] = [];
  const unkeepable: string[] = [];
  const problems: DirectoryProblem[] = [];
  for (const entry of latest.values()) {
    const mapped = mapEntry(entry, scope);
    problems.push(...mapped.problems);
    if (mapped.row === null) unkeepable.push(entry.guid);
    else rows.push(mapped.row);
  }
  return { rows, unkeepable, problems };
}

/** As the statements of src/archive/sql take it: names of columns, bytes in hex. */
export const rowParameter = (rows: readonly DirectoryRow[]): string =>
  JSON.stringify(
    rows.map((row) => ({
      guid: row.guid,
      kind: row.kind,
      recipient_type: row.recipientType,
      dn: row.dn,
      dn_key: row.dnKey.toString('hex'),
      rdn: row.rdn,
      parent_guid: row.parentGuid,
      sid: row.sid,
      primary_group_sid: row.primaryGroupSid,
      mailbox_guid: row.mailboxGuid,
      display_name: row.displayName,
      sort_key: row.sortKey,
      account_name: row.accountName,
      principal_name: row.principalName,
      account_disabled: row.accountDisabled,
      in_scope: row.inScope,
      manager_key: row.managerKey?.toString('hex'),
      attributes: row.attributes,
      source_created: row.sourceCreated,
      usn: row.usn,
      content_hash: row.contentHash.toString('hex'),
      addresses: row.addresses,
      name_endings: nameEndings(row.sortKey),
    })),
  );
