/**
 * Who decided what, for good: rows are added and never changed. Those of an organisation are a chain: the hash of each is taken over the hash of
 * the one before it and over everything that it says, so that nobody alters or drops one in the middle unnoticed.
 */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { TokenId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { type KeysetPage, keysetPage } from './keyset.ts';
import { holdOrganisation } from './organisations.ts';

/** Flat, so that its text is the same whoever writes it. */
export type AuditedValues = Readonly<Record<string, string | number | boolean | null>>;

export interface AuditEvent {
  /** The token that was shown. */
  readonly by: TokenId;
  /** kind.verb: `organisation.changed`. */
  readonly action: string;
  /** Name of what it is about. */
  readonly subject: string;
  readonly before: AuditedValues | null;
  readonly after: AuditedValues | null;
}

export interface AuditEntry {
  readonly number: number;
  readonly at: Date;
  readonly byId: string;
  /** Label of the token. */
  readonly by: string;
  readonly action: string;
  readonly subject: string;
  readonly before: AuditedValues | null;
  readonly after: AuditedValues | null;
  readonly hash: Buffer;
}

/** Before the first entry. */
const BEGINNING = Buffer.alloc(32);

const values = (given: AuditedValues | null) => (given === null ? null : Object.entries(given).toSorted(([one], [other]) => (one < other ? -1 : 1)));

/** SHA-256 of the hash before and the UTF-8 JSON array of [number, at, token id, label, action, subject, before, after], values as sorted pairs. */
export function auditHash(previous: Uint8Array, { number, at, byId, by, action, subject, before, after }: Omit<AuditEntry, 'hash'>): Buffer {
  const said = [number, at.toISOString(), byId, by, action, subject, values(before), values(after)];
  return createHash('sha256').update(previous).update(JSON.stringify(said)).digest();
}

/** In the transaction of the change itself: neither is there without the other. */
export async function recordAudit(tx: OrganisationTransaction, { by, action, subject, before, after }: AuditEvent): Promise<void> {
  // Two entries at a time would follow the same one.
  await holdOrganisation(tx);
  const { rows: [last] } = await sql<{ number: string; hash: Buffer }>`
    select number, hash from audit where org_id = current_setting('lockstep.org')::uuid order by number desc limit 1`.execute(tx);
  const { rows: [who] } = await sql<{ label: string; at: Date }>`
    select (select label from api_token where id = ${by}) as label, date_trunc('milliseconds', clock_timestamp()) as at`.execute(tx);
  if (who === undefined) throw new Error('no time');
  const entry = { number: Number(last?.number ?? 0) + 1, at: who.at, byId: by, by: who.label, action, subject, before, after };
  await sql`
    insert into audit (org_id, number, at, by_token, by_label, action, subject, before, after, hash)
    values (current_setting('lockstep.org')::uuid, ${entry.number}, ${entry.at}, ${by}, ${entry.by}, ${action}, ${subject}, ${JSON.stringify(before)},
      ${JSON.stringify(after)}, ${auditHash(last?.hash ?? BEGINNING, entry)})`.execute(tx);
}

/** Newest first. `after`: `next` of the page before. */
export async function listAudit(
  tx: OrganisationTransaction,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<KeysetPage<AuditEntry>> {
  const { rows } = await sql<Omit<AuditEntry, 'number'> & { number: string }>`
    select number, at, by_token as "byId", by_label as by, action, subject, before, after, hash from audit
    where org_id = current_setting('lockstep.org')::uuid and number < ${after ?? '9223372036854775807'}::bigint
    order by number desc limit ${limit + 1}`.execute(tx);
  return keysetPage(rows.map((row) => ({ ...row, number: Number(row.number) })), limit, ({ number }) => String(number));
}
