import { randomBytes, randomUUID } from 'node:crypto';
import type { Database } from '../../src/archive/database.ts';
import { type OrganisationId, tokenId, type TokenId } from '../../src/shared/ids.ts';

/** A token of an organisation that nobody can show: for what remembers who did it. */
export async function addTokenRow(owner: Database, organisation: OrganisationId, label: string): Promise<TokenId> {
  const id = tokenId(randomUUID());
  await owner.insertInto('api_token').values({ id, org_id: organisation, label, token_hash: randomBytes(32), scopes: ['admin'] }).execute();
  return id;
}
