import { sql } from 'kysely';
import {
  authenticateApiToken,
  issueApiToken,
  issueFirstApiToken,
  issueInstallationToken,
  listApiTokens,
  revokeApiToken,
} from '../../src/archive/api-tokens.ts';
import { type OrganisationTransaction, withOrganisation } from '../../src/archive/database.ts';
import {
  changeIntegration,
  countSkippedTick,
  createIntegration,
  findIntegration,
  listIntegrations,
  newIntegrationId,
} from '../../src/archive/integrations.ts';
import { createOrganisation, findOrganisation, findOrganisationByName, listOrganisations, type OrganisationRow } from '../../src/archive/organisations.ts';
import { ConflictError, InvalidInputError, NotFoundError } from '../../src/archive/record-errors.ts';
import { findRunView, listLastRuns, listRuns } from '../../src/archive/run-list.ts';
import { beginRun, findRun, finishRun, noteProgress, requestRun } from '../../src/archive/runs.ts';
import { changeSite, createSite, findSite, issueEnrolmentCode, listSites } from '../../src/archive/sites.ts';
import { Keyring } from '../../src/security/keyring.ts';
import { masterKeyOf } from '../../src/security/master-key.ts';
import type { DirectorySettings } from '../../src/shared/directory.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';

const settings: DirectorySettings = { security: 'ldaps', account: 'sync@corp.example', acknowledgeDisabled: true };
const aDate: unknown = expect.any(Date);
let lab: LabDatabase;
let keyring: Keyring;
let acme: OrganisationRow;
let other: OrganisationRow;
const inAcme = <T>(work: (tx: OrganisationTransaction) => Promise<T>) => withOrganisation(lab.app, acme.id, work);
const inOther = <T>(work: (tx: OrganisationTransaction) => Promise<T>) => withOrganisation(lab.app, other.id, work);

/** An integration of its own site, ready to run. */
async function integration(name: string) {
  return inAcme(async (tx) => {
    const site = await createSite(tx, acme.id, { name: `site-${name}` });
    return createIntegration(tx, acme.id, { id: newIntegrationId(), siteId: site.id, name, settings, credential: Buffer.from('sealed') });
  });
}

beforeAll(async () => {
  lab = await freshDatabase();
  keyring = await Keyring.open(lab.app, masterKeyOf(Buffer.alloc(32, 7)));
  acme = await createOrganisation(lab.app, keyring, { name: 'acme', displayName: 'Acme' });
  other = await createOrganisation(lab.app, keyring, { name: 'other' });
});
afterAll(() => lab.close());

describe('organisations', () => {
  test('come with a key of their own', async () => {
    const sealed = await keyring.encrypt(acme.id, 'secrets', Buffer.from('x'), 'test');
    expect((await keyring.decrypt(acme.id, 'secrets', sealed, 'test')).toString()).toBe('x');
  });
  test('are listed by name, and found', async () => {
    expect((await listOrganisations(lab.app)).map((row) => row.name)).toEqual(['acme', 'other']);
    expect((await findOrganisationByName(lab.app, 'other')).display_name).toBe('other');
    expect((await inAcme(findOrganisation)).name).toBe('acme');
    await expect(findOrganisationByName(lab.app, 'nobody')).rejects.toThrow(NotFoundError);
  });
  test('have names of their own', async () => {
    await expect(createOrganisation(lab.app, keyring, { name: 'acme' })).rejects.toMatchObject({ code: 'organisation.name-taken' });
  });
});

describe('tokens', () => {
  const input = { label: 'l', scopes: ['read' as const], expiresAt: null };
  test('let in until they are revoked, and note their use', async () => {
    const { row, token } = await inAcme((tx) => issueApiToken(tx, acme.id, input));
    expect(await authenticateApiToken(lab.app, token)).toEqual({ kind: 'organisation', organisationId: acme.id, tokenId: row.id, scopes: ['read'] });
    expect((await inAcme((tx) => listApiTokens(tx))).find((one) => one.id === row.id)?.last_used_at).not.toBeNull();
    await expect(inOther((tx) => revokeApiToken(tx, row.id))).rejects.toThrow(NotFoundError);
    await inAcme((tx) => revokeApiToken(tx, row.id));
    expect(await authenticateApiToken(lab.app, token)).toBeUndefined();
    expect(await inAcme((tx) => listApiTokens(tx))).toEqual([]);
  });
  test('end when they expire', async () => {
    const { token } = await inAcme((tx) => issueApiToken(tx, acme.id, { ...input, expiresAt: new Date(Date.now() - 1000) }));
    expect(await authenticateApiToken(lab.app, token)).toBeUndefined();
  });
  test('are stored as hashes only', async () => {
    const { token } = await inAcme((tx) => issueApiToken(tx, acme.id, input));
    const { rows } = await sql<{ text: string }>`select api_token::text as text from api_token`.execute(lab.owner);
    expect(rows.filter((row) => row.text.includes(token.slice(4)))).toEqual([]);
  });
  test('of the installation carry no organisation', async () => {
    const { id, token } = await issueInstallationToken(lab.app, 'init');
    expect(await authenticateApiToken(lab.app, token)).toEqual({ kind: 'installation', tokenId: id });
    expect(await authenticateApiToken(lab.app, 'lsi_guess')).toBeUndefined();
  });
  test('of two first tokens at once only one is issued', async () => {
    const results = await Promise.allSettled([1, 2].map(() => inOther((tx) => issueFirstApiToken(tx, other.id, { ...input, scopes: ['admin'] }))));
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results.find((result) => result.status === 'rejected')).toMatchObject({ reason: { code: 'organisation.has-tokens' } });
  });
});

describe('sites', () => {
  test('are pending, then on line while they are seen, off line after two minutes, and disabled', async () => {
    const site = await inAcme((tx) => createSite(tx, acme.id, { name: 'berlin', description: 'd' }));
    expect(site).toMatchObject({ name: 'berlin', description: 'd', state: 'pending', nodes: [] });
    const seen = (seconds: number) =>
      lab.owner
        .updateTable('site')
        .set({ state: 'enrolled', sign_public_key: 'k', last_seen_at: sql<Date>`now() - make_interval(secs => ${seconds})` })
        .where('id', '=', site.id)
        .execute();
    await seen(30);
    await lab.owner.insertInto('site_node').values({ site_id: site.id, org_id: acme.id, node: 'n1', version: '1.0.0' }).execute();
    expect(await inAcme((tx) => findSite(tx, 'berlin'))).toMatchObject({ state: 'online', nodes: [{ node: 'n1', online: true, lastSeenAt: aDate }] });
    await seen(130);
    expect((await inAcme((tx) => findSite(tx, 'berlin'))).state).toBe('offline');
    expect((await inAcme((tx) => changeSite(tx, 'berlin', { disabled: true }))).state).toBe('disabled');
    await expect(inAcme(async (tx) => issueEnrolmentCode(tx, acme.id, await findSite(tx, 'berlin')))).rejects.toMatchObject({ code: 'site.disabled' });
    expect((await inAcme((tx) => changeSite(tx, 'berlin', { disabled: false, description: 'e' })))).toMatchObject({ state: 'offline', description: 'e' });
  });
  test('a new enrolment code ends the one before', async () => {
    const site = await inAcme((tx) => createSite(tx, acme.id, { name: 'madrid' }));
    const first = await inAcme((tx) => issueEnrolmentCode(tx, acme.id, site));
    const second = await inAcme((tx) => issueEnrolmentCode(tx, acme.id, site));
    expect(second.code).not.toBe(first.code);
    const { rows } = await sql`select 1 from site_enrolment_code where site_id = ${site.id}`.execute(lab.owner);
    expect(rows).toHaveLength(1);
  });
  test('of another organisation do not exist', async () => {
    await inOther((tx) => createSite(tx, other.id, { name: 'secret' }));
    await expect(inAcme((tx) => findSite(tx, 'secret'))).rejects.toThrow(NotFoundError);
    expect((await inAcme((tx) => listSites(tx))).map((site) => site.name)).not.toContain('secret');
    await expect(inAcme((tx) => createSite(tx, acme.id, { name: 'berlin' }))).rejects.toThrow(ConflictError);
  });
});

describe('integrations', () => {
  test('keep what is not changed', async () => {
    await integration('corp');
    const changed = await inAcme((tx) => changeIntegration(tx, 'corp', { schedule: { kind: 'daily', at: '08:00', timeZone: 'UTC' }, jitterSeconds: 5 }));
    expect(changed).toMatchObject({ settings, schedule: { kind: 'daily' }, jitter_seconds: 5, state: 'active', has_credential: true, people: 0, open_problems: 0 });
    expect((await inAcme((tx) => changeIntegration(tx, 'corp', { state: 'paused' }))).state).toBe('paused');
    await inAcme((tx) => countSkippedTick(tx, changed.id));
    expect(await inAcme((tx) => findIntegration(tx, 'corp'))).toMatchObject({ skipped_ticks: 1, jitter_seconds: 5 });
    expect((await inAcme((tx) => changeIntegration(tx, 'corp', { schedule: null, credential: null })))).toMatchObject({ schedule: null, has_credential: false, credential_changed_at: null });
  });
  test('refuse nonsense whatever way it comes', async () => {
    await integration('sense');
    const change = (input: Parameters<typeof changeIntegration>[2]) => inAcme((tx) => changeIntegration(tx, 'sense', input));
    await expect(change({ settings: { ...settings, filter: '(' } })).rejects.toThrow(InvalidInputError);
    await expect(change({ schedule: { kind: 'daily', at: '08:00', timeZone: 'Nowhere' } })).rejects.toThrow(InvalidInputError);
    expect(await inAcme((tx) => findIntegration(tx, 'sense'))).toMatchObject({ settings, schedule: null });
  });
  test('of another organisation do not exist', async () => {
    await integration('ours');
    expect(await inOther((tx) => listIntegrations(tx))).toEqual([]);
    await expect(inOther((tx) => changeIntegration(tx, 'ours', { jitterSeconds: 1 }))).rejects.toThrow(NotFoundError);
  });
});

describe('runs', () => {
  const ask = (id: Awaited<ReturnType<typeof integration>>['id'], kind: 'directory-sync' | 'directory-plan' = 'directory-sync') =>
    inAcme((tx) => requestRun(tx, { integration: id, kind, trigger: 'manual' }));

  test('of many requests at once one makes the run and the others join it', async () => {
    const { id } = await integration('race');
    const results = await Promise.all(Array.from({ length: 8 }, () => ask(id)));
    expect(results.filter((result) => !result.joined)).toHaveLength(1);
    expect(new Set(results.map((result) => result.run.id)).size).toBe(1);
    const { run } = await ask(id, 'directory-plan');
    expect(run.kind).toBe('directory-plan');
  });
  test('are numbered in their organisation, without gaps, though integrations race', async () => {
    const made = [await integration('n1'), await integration('n2'), await integration('n3')];
    const numbers = (await Promise.all(made.map(({ id }) => ask(id)))).map(({ run }) => Number(run.number)).sort((a, b) => a - b);
    expect(numbers).toEqual([0, 1, 2].map((step) => (numbers[0] ?? 0) + step));
    const site = await inOther((tx) => createSite(tx, other.id, { name: 'numbers' }));
    const theirs = await inOther((tx) => createIntegration(tx, other.id, { id: newIntegrationId(), siteId: site.id, name: 'n1', settings, credential: null }));
    const { run } = await inOther((tx) => requestRun(tx, { integration: theirs.id, kind: 'directory-sync', trigger: 'schedule', workflowId: 'tick' }));
    expect(run).toMatchObject({ number: '1', workflow_id: 'tick', trigger: 'schedule' });
  });
  test('go from queued over running to their first ending, and stay there', async () => {
    const { id } = await integration('life');
    const { run } = await ask(id);
    expect(run).toMatchObject({ state: 'queued', workflow_id: `directory-sync/acme/life/run-${run.number}` });
    expect(await inAcme((tx) => beginRun(tx, run.id))).toMatchObject({ state: 'running', started_at: aDate });
    const report = { class: 'Unavailable', code: 'ldap.unreachable', message: 'm', next: 'n' } as const;
    await lab.owner.updateTable('run').set({ error: JSON.stringify(report) }).where('id', '=', run.id).execute();
    await inAcme((tx) => noteProgress(tx, run.id));
    expect(await inAcme((tx) => findRun(tx, run.id))).toMatchObject({ error: null, progress_at: aDate });
    const ended = await inAcme((tx) => finishRun(tx, run.id, { state: 'partial', totals: { seen: 3 } }));
    expect(ended).toMatchObject({ state: 'partial', totals: { seen: 3 }, error: null, finished_at: aDate });
    expect(await inAcme((tx) => finishRun(tx, run.id, { state: 'failed', error: report }))).toEqual(ended);
    expect(await inAcme((tx) => beginRun(tx, run.id))).toEqual(ended);
    expect((await ask(id)).joined).toBe(false);
  });
  test('a failed run keeps what the site reported', async () => {
    const { id } = await integration('report');
    const { run } = await ask(id);
    const report = { class: 'AuthRejected', code: 'ldap.invalid-credentials', message: 'm', next: 'n' } as const;
    await lab.owner.updateTable('run').set({ error: JSON.stringify(report) }).where('id', '=', run.id).execute();
    expect(await inAcme((tx) => finishRun(tx, run.id, { state: 'failed' }))).toMatchObject({ error: report });
  });
  test('are listed newest first, page by page, once each, though new ones begin meanwhile', async () => {
    const { id } = await integration('pages');
    const made: string[] = [];
    const one = async () => {
      const { run } = await ask(id);
      await inAcme((tx) => finishRun(tx, run.id, { state: 'succeeded' }));
      made.unshift(run.number);
    };
    for (let i = 0; i < 5; i++) await one();
    const expected = [...made];
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await inAcme((tx) => listRuns(tx, { integration: 'pages', after, limit: 2 }));
      seen.push(...page.items.map((run) => run.number));
      after = page.next ?? undefined;
      await one();
    } while (after !== undefined);
    expect(seen).toEqual(expected);
    expect((await inAcme((tx) => listLastRuns(tx, [id]))).get(id)?.number).toBe(made[0]);
    expect(await inOther((tx) => listRuns(tx, { integration: 'pages', limit: 10 }))).toEqual({ items: [], next: null });
  });
  test('say what they wait for', async () => {
    const { id } = await integration('wait');
    const { run } = await ask(id);
    expect((await inAcme((tx) => findRunView(tx, run.id))).waiting).toBe('site site-wait is not enrolled yet');
    await expect(inOther((tx) => findRunView(tx, run.id))).rejects.toThrow(NotFoundError);
    await expect(inOther((tx) => requestRun(tx, { integration: id, kind: 'directory-sync', trigger: 'manual' }))).rejects.toThrow(NotFoundError);
  });
});
