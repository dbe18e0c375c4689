import { randomUUID } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import { hashApiToken, newApiToken } from '../security/api-token.ts';
import { organisationId, type OrganisationId, tokenId, type TokenId } from '../shared/ids.ts';
import type { ApiScope, Principal } from '../shared/principal.ts';
import type { Database, OrganisationTransaction } from './database.ts';
import { holdOrganisation } from './organisations.ts';
import { ConflictError, NotFoundError } from './record-errors.ts';
import type { Tables } from './tables.ts';

export type ApiTokenRow = Omit<Selectable<Tables['api_token']>, 'token_hash' | 'org_id' | 'revoked_at'>;

export interface NewApiToken {
  readonly label: string;
  readonly scopes: readonly ApiScope[];
  /** Null: it never expires. */
  readonly expiresAt: Date | null;
}

export interface IssuedApiToken {
  readonly row: ApiTokenRow;
  /** Known only here and to its receiver: the database holds its hash. */
  readonly token: string;
}

const columns = ['id', 'label', 'scopes', 'created_at', 'expires_at', 'last_used_at'] as const;

/** Issues a token of the transaction's organisation. */
export async function issueApiToken(
  tx: OrganisationTransaction,
  organisation: OrganisationId,
  input: NewApiToken,
): Promise<IssuedApiToken> {
  const { token, hash } = newApiToken('organisation');
  const row = await tx
    .insertInto('api_token')
    .values({
      id: tokenId(randomUUID()),
      org_id: organisation,
      label: input.label,
      token_hash: hash,
      scopes: [...new Set(input.scopes)],
      expires_at: input.expiresAt,
    })
    .returning(columns)
    .executeTakeFirstOrThrow();
  return { row, token };
}

/**
 * Issues the token with which an organisation begins. The installation may do this only while nobody holds a valid
 * token: otherwise it could let itself into every organisation.
 * @throws ConflictError `organisation.has-tokens`
 */
export async function issueFirstApiToken(
  tx: OrganisationTransaction,
  organisation: OrganisationId,
  input: NewApiToken,
): Promise<IssuedApiToken> {
  // One at a time, so that two first tokens cannot pass each other.
  await holdOrganisation(tx);
  if ((await listApiTokens(tx)).length > 0) {
    throw new ConflictError({
      code: 'organisation.has-tokens',
      message: 'The organisation already has a valid token.',
      next: 'Use that token (scope admin) to issue more: POST /api/v1/tokens.',
    });
  }
  return issueApiToken(tx, organisation, input);
}

/** Valid tokens, oldest first, those after the token `after` (which may have ended meanwhile). */
export function listApiTokens(
  tx: OrganisationTransaction,
  range: { readonly after?: TokenId | undefined; readonly limit?: number | undefined } = {},
): Promise<ApiTokenRow[]> {
  let found = tx
    .selectFrom('api_token')
    .select(columns)
    .where('revoked_at', 'is', null)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', sql<Date>`now()`)]))
    .orderBy('created_at')
    .orderBy('id');
  if (range.limit !== undefined) found = found.limit(range.limit);
  if (range.after !== undefined) {
    found = found.where(sql<boolean>`(created_at, id) > (select t.created_at, t.id from api_token t where t.id = ${range.after})`);
  }
  return found.execute();
}

/**
 * Ends a token at once. Revoking it again changes nothing.
 * @throws NotFoundError
 */
export async function revokeApiToken(tx: OrganisationTransaction, id: TokenId): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('api_token')
    .set({ revoked_at: sql<Date>`coalesce(revoked_at, now())` })
    .where('id', '=', id)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new NotFoundError('such token');
}

/** Issues a token of the installation: it may create organisations and their first token, and reads nothing of theirs. */
export async function issueInstallationToken(database: Database, label: string): Promise<{ id: TokenId; token: string }> {
  const id = tokenId(randomUUID());
  const { token, hash } = newApiToken('installation');
  await sql`select platform_add_installation_token(${id}, ${label}, ${hash}, array['installation'])`.execute(database);
  return { id, token };
}

/** Whose token it is; undefined when it is unknown, revoked or expired. Notes the use, at most once a minute. */
export async function authenticateApiToken(database: Database, token: string): Promise<Principal | undefined> {
  const { rows } = await sql<{ id: string; org_id: string | null; scopes: ApiScope[] }>`
    select id, org_id, scopes from platform_find_token(${hashApiToken(token)})`.execute(database);
  const row = rows[0];
  if (row === undefined) return undefined;
  await sql`select platform_token_used(${row.id})`.execute(database);
  const id = tokenId(row.id);
  return row.org_id === null
    ? { kind: 'installation', tokenId: id }
    : { kind: 'organisation', tokenId: id, organisationId: organisationId(row.org_id), scopes: row.scopes };
}
