/** The administrative lists run as lockstep_app, under row-level security, on enough rows to matter. */
import { sql } from 'kysely';
import { authenticateApiToken, listApiTokens } from '../../src/archive/api-tokens.ts';
import { type OrganisationTransaction, withOrganisation } from '../../src/archive/database.ts';
import { findIntegration, listIntegrations } from '../../src/archive/integrations.ts';
import { countPlatform } from '../../src/archive/platform-counts.ts';
import { findRunView, listLastRuns, listRuns } from '../../src/archive/run-list.ts';
import { requestRun } from '../../src/archive/runs.ts';
import { listSites } from '../../src/archive/sites.ts';
import { type RunId, tokenId } from '../../src/shared/ids.ts';
import { aDirectory } from '../lab/builders.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';

const RUNS = 20_000;
const TOKENS = 5_000;
const OBJECTS = 20_000;
const PROBLEMS = 5_000;

let lab: LabDatabase;
let directory: Awaited<ReturnType<typeof aDirectory>>;
let aRun: RunId;

/** A directory that ran and read for years. */
async function load(): Promise<Awaited<ReturnType<typeof aDirectory>>> {
  const made = await aDirectory(lab.owner);
  const org = made.organisation.id;
  await sql`
    insert into run (id, org_id, integration_id, number, kind, trigger, state, workflow_id, finished_at)
    select gen_random_uuid(), ${org}, ${made.integration.id}, n, 'directory-sync', 'schedule', 'succeeded', 'w' || n, now() - n * interval '1 hour'
    from generate_series(1, ${RUNS}::int) n`.execute(lab.owner);
  await sql`update organisation set next_run_number = ${RUNS + 1} where id = ${org}`.execute(lab.owner);
  await sql`
    insert into api_token (id, org_id, label, token_hash, scopes, revoked_at)
    select gen_random_uuid(), ${org}, 'l', decode(md5(${org}::text || n), 'hex'), array['read'], case when n % 100 > 0 then now() end
    from generate_series(1, ${TOKENS}::int) n`.execute(lab.owner);
  await sql`
    insert into directory_object (org_id, integration_id, guid, kind, recipient_type, dn, dn_key, rdn, display_name, sort_key, account_disabled, in_scope, listed, attributes, content_hash, missing_since)
    select ${org}, ${made.integration.id}, gen_random_uuid(), case when n % 10 = 0 then 'group' else 'user' end, 'other', 'CN=' || n, decode(md5(n::text), 'hex'),
      'CN=' || n, 'n', 'n', false, n % 100 > 0, true, '{}', '\\x00', case when n % 100 = 0 then now() end
    from generate_series(1, ${OBJECTS}::int) n`.execute(lab.owner);
  await sql`
    insert into directory_problem (org_id, integration_id, subject, code, detail, first_run, last_run, epoch, resolved_at)
    select ${org}, ${made.integration.id}, 's' || n, 'c', 'd', gen_random_uuid(), gen_random_uuid(), 1, case when n % 50 > 0 then now() end
    from generate_series(1, ${PROBLEMS}::int) n`.execute(lab.owner);
  return made;
}

beforeAll(async () => {
  lab = await freshDatabase();
  await load();
  directory = await load();
  // Index-only scans need to know which pages are all visible.
  await sql`vacuum analyze`.execute(lab.owner);
  const { items } = await withOrganisation(lab.app, directory.organisation.id, (tx) => listRuns(tx, { limit: 1 }));
  if (items[0] === undefined) throw new Error('no run');
  aRun = items[0].id;
}, 120_000);
afterAll(() => lab.close());

/** Those of the large tables that `work` read from end to end. */
async function readFromEndToEnd(tx: OrganisationTransaction, work: () => Promise<unknown>): Promise<string[]> {
  const counts = async () => {
    const { rows } = await sql<{ name: string; scans: string }>`
      select relname as name, seq_scan as scans from pg_stat_xact_user_tables
      where relname in ('run', 'api_token', 'directory_object', 'directory_problem') order by relname`.execute(tx);
    return new Map(rows.map(({ name, scans }) => [name, Number(scans)]));
  };
  const before = await counts();
  await work();
  return [...(await counts())].flatMap(([name, scans]) => (scans > (before.get(name) ?? 0) ? [name] : []));
}

const queries: Record<string, (tx: OrganisationTransaction) => Promise<unknown>> = {
  'list of runs': (tx) => listRuns(tx, { limit: 500 }),
  'later page of runs': (tx) => listRuns(tx, { limit: 500, after: '10000' }),
  'runs of a directory': (tx) => listRuns(tx, { integration: directory.integration.name, limit: 500 }),
  'open runs': (tx) => listRuns(tx, { state: 'running', limit: 500 }),
  'runs that failed': (tx) => listRuns(tx, { state: 'failed', limit: 500 }),
  'one run': (tx) => findRunView(tx, aRun),
  'last runs': (tx) => listLastRuns(tx, [directory.integration.id]),
  'a request for a run': (tx) => requestRun(tx, { integration: directory.integration.id, kind: 'directory-sync', trigger: 'manual' }),
  'list of tokens': (tx) => listApiTokens(tx, { limit: 500 }),
  'later page of tokens': (tx) => listApiTokens(tx, { limit: 500, after: tokenId('80000000-0000-4000-8000-000000000000') }),
  'authentication': () => authenticateApiToken(lab.app, 'lso_guess'),
  'list of sites': (tx) => listSites(tx, { limit: 500 }),
  'list of directories with counts': (tx) => listIntegrations(tx, { limit: 500 }),
  'one directory with counts': (tx) => findIntegration(tx, directory.integration.name),
  'counts of the platform': (tx) => countPlatform(tx),
};

test.each(Object.keys(queries))('%s reads no large table from end to end', async (name) => {
  await withOrganisation(lab.app, directory.organisation.id, async (tx) => {
    expect(await readFromEndToEnd(tx, () => queries[name]?.(tx) ?? Promise.reject(new Error(name)))).toEqual([]);
  });
});

test('the counts of a directory are right', async () => {
  const row = await withOrganisation(lab.app, directory.organisation.id, (tx) => findIntegration(tx, directory.integration.name));
  expect(row).toMatchObject({ people: OBJECTS * 0.9, groups: OBJECTS * 0.09, missing: OBJECTS * 0.01 });
});
