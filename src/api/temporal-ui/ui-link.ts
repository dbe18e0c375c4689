/** One-time links: the way from an installation token, which no browser has, to a cookie. */
import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from '../../archive/database.ts';

/** Long enough for a browser to start; the link stands in a terminal and in the browser's history. */
const LIFETIME_SECONDS = 60;

const hashOf = (code: string): Buffer => createHash('sha256').update(code, 'utf8').digest();

/** A code that is good once, for a minute, on any server of the installation. Only its hash is stored. */
export async function createUiLink(database: Database): Promise<{ readonly code: string; readonly expiresAt: Date }> {
  const code = randomBytes(32).toString('base64url');
  const { rows } = await sql<{ expires_at: Date }>`
    select platform_add_ui_link(${hashOf(code)}, ${LIFETIME_SECONDS}) as expires_at`.execute(database);
  if (rows[0] === undefined) throw new Error('the link was not stored');
  return { code, expiresAt: rows[0].expires_at };
}

/** Uses a code up; true when it was good. */
export async function consumeUiLink(database: Database, code: string): Promise<boolean> {
  const { rows } = await sql<{ good: boolean }>`select platform_use_ui_link(${hashOf(code)}) as good`.execute(database);
  return rows[0]?.good === true;
}
