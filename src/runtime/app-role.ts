import { sql } from 'kysely';
import type { Database } from '../archive/database.ts';
import { LockstepError } from '../shared/errors.ts';

/**
 * Refuses a database role that row-level security does not bind: a superuser, BYPASSRLS, the owner of the tables, or a
 * member of such a role (PostgreSQL, CREATE POLICY: these are never subject to policies). Called at every start, before
 * anything is served.
 * @throws LockstepError ConfigInvalid `database.role-unsafe`
 */
export async function assertAppRole(database: Database): Promise<void> {
  const { rows } = await sql<{ name: string; unsafe: string[] }>`
    select current_user as name, array_remove(array[
      case when exists (select from pg_roles r where r.rolsuper and pg_has_role(session_user, r.oid, 'member'))
        then 'is a superuser' end,
      case when exists (select from pg_roles r where r.rolbypassrls and pg_has_role(session_user, r.oid, 'member'))
        then 'has BYPASSRLS' end,
      case when exists (
        select from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'public' and c.relkind in ('r', 'p') and pg_has_role(session_user, c.relowner, 'member'))
        then 'owns tables' end
    ], null) as unsafe`.execute(database);
  const role = rows[0];
  if (role === undefined || role.unsafe.length === 0) return;
  throw new LockstepError({
    class: 'ConfigInvalid',
    code: 'database.role-unsafe',
    message: `The database role "${role.name}" ${role.unsafe.join(', ')}: nothing would keep organisations apart.`,
    next: 'Give DATABASE_URL the role lockstep_app, which has neither SUPERUSER nor BYPASSRLS and owns nothing; DATABASE_OWNER_URL is for the owner.',
  });
}
