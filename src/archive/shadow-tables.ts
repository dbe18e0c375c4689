/**
 * Copies of an organisation's tables that stand in the place of the tables themselves until the end of a transaction: temporary
 * tables of the same names, which PostgreSQL finds first. What the archive does in that transaction it does to the copies, by
 * the very code that does it to the tables, and nobody waits for it, sees it or has to undo it.
 *
 * Every table that belongs to organisations is covered, so a table that is new is too, but for what is in mailboxes: no directory is
 * read from there. A trigger is not copied.
 */
import { sql } from 'kysely';
import type { OrganisationTransaction } from './database.ts';

interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly identities: readonly string[];
  /** What the planner is told of columns, as `alter table` takes it. */
  readonly settings: readonly string[];
}

/**
 * Covers the tables. To be called before anything else is asked in a transaction that sees one moment (withOrganisationSnapshot);
 * the tables themselves are still there as `public.…`. `empty`: tables of which no row is needed.
 */
export async function shadowTables(tx: OrganisationTransaction, empty: readonly string[]): Promise<void> {
  await sql`select set_config('lockstep.shadow', pg_backend_pid()::text, true)`.execute(tx);
  const tables = await organisationTables(tx);
  for (const { name, columns, identities, settings } of tables) {
    const shadow = sql.id('pg_temp', name);
    await sql`create temporary table ${sql.id(name)} (like ${sql.id('public', name)} including all) on commit drop`.execute(tx);
    for (const setting of settings) await sql`alter table ${shadow} ${sql.raw(setting)}`.execute(tx);
    if (empty.includes(name)) continue;
    const list = sql.join(columns.map((column) => sql.id(column)));
    await sql`insert into ${shadow} (${list}) overriding system value select ${list} from ${sql.id('public', name)}`.execute(tx);
    for (const column of identities) {
      await sql`select setval(pg_get_serial_sequence(${`pg_temp.${name}`}, ${column}), coalesce(max(${sql.id(column)}), 0) + 1) from ${shadow}`.execute(tx);
    }
    await sql`analyze ${shadow}`.execute(tx);
  }
}

async function organisationTables(tx: OrganisationTransaction): Promise<readonly Table[]> {
  const { rows } = await sql<Table>`
    select c.relname as name,
      array_agg(a.attname::text order by a.attnum) filter (where a.attgenerated = '') as columns,
      coalesce(array_agg(a.attname::text) filter (where a.attidentity <> ''), '{}') as identities,
      coalesce(array_agg(format('alter column %I set statistics %s', a.attname, a.attstattarget)) filter (where a.attstattarget >= 0), '{}')
        || coalesce(array_agg(format('alter column %I set (%s)', a.attname, array_to_string(a.attoptions, ', ')))
          filter (where a.attoptions is not null), '{}') as settings
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and not c.relispartition
    group by c.relname
    having (bool_or(a.attname = 'org_id') or c.relname = 'organisation') and not bool_or(a.attname in ('mailbox_id', 'content_id')) and c.relname <> all (array['content', 'blob'])
    order by c.relname`.execute(tx);
  return rows;
}

/** Runs `work` on the tables themselves, as if there were no copies. */
export async function withoutShadows<T>(tx: OrganisationTransaction, work: () => Promise<T>): Promise<T> {
  // Unless it is named, the schema of temporary tables comes before all others.
  await sql`set local search_path = public, pg_temp`.execute(tx);
  const result = await work();
  await sql`set local search_path = public`.execute(tx);
  return result;
}

/** Brings the planner's statistics of copies that have grown to three times what they were up to date, as statistics.ts. */
export async function refreshShadowStatistics(tx: OrganisationTransaction): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_class
    where relnamespace = pg_my_temp_schema() and relkind = 'r'
      and pg_relation_size(oid) > 3 * greatest(relpages, 4) * current_setting('block_size')::bigint`.execute(tx);
  for (const { name } of rows) await sql`analyze ${sql.id('pg_temp', name)}`.execute(tx);
}
