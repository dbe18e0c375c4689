import { sql } from 'kysely';
import { openSealed } from '../../src/security/seal.ts';
import type { Directory, StartedRun } from '../../src/api/schemas/directories.ts';
import { integrationId } from '../../src/shared/ids.ts';
import { type Answer, type LabApi, labApi, type LabOrganisation, type LabSite } from '../lab/api.ts';
import { aRun } from '../lab/builders.ts';

const PASSWORD = 'Pa$$word-of-corp';
const settings = { security: 'ldaps', account: 'sync@corp.example', acknowledgeDisabled: true };
const daily = { kind: 'daily', at: '08:30', timeZone: 'Europe/Berlin' };

let api: LabApi;
let acme: LabOrganisation;
let berlin: LabSite;
beforeAll(async () => {
  api = await labApi();
  acme = await api.organisation('acme');
  berlin = await acme.site('berlin');
});
afterAll(() => api.close());
beforeEach(() => {
  api.engine.calls.length = 0;
  api.engine.failure = undefined;
  api.engine.skipped = 0;
});

const admin = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, body?: unknown) => api.call(acme.tokens.admin, method, `/api/v1${url}`, body);
const operate = (url: string) => api.call(acme.tokens.operate, 'POST', `/api/v1${url}`);
const add = (name: string, change: object = {}) => admin('POST', '/directories', { name, site: 'berlin', settings, password: PASSWORD, ...change });
const directory = (answer: Answer) => answer.body as Directory;
const run = (answer: Answer) => answer.body as StartedRun;
async function added(name: string, change: object = {}): Promise<Directory> {
  const answer = await add(name, change);
  expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
  return directory(answer);
}
const storedCredential = async (id: string): Promise<Buffer | null> =>
  (await sql<{ credential: Buffer | null }>`select credential from directory_integration where id = ${id}`.execute(api.lab.owner)).rows[0]?.credential ?? null;

describe('adding', () => {
  test('answers the directory whole', async () => {
    const { status, body } = await add('corp', { schedule: daily, description: 'Headquarters' });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      name: 'corp',
      description: 'Headquarters',
      site: 'berlin',
      settings,
      credential: { set: true },
      schedule: daily,
      state: 'active',
      jitterSeconds: 60,
      skippedTicks: 0,
      nextRuns: ['2026-11-25T07:30:00.000Z', '2026-11-26T07:30:00.000Z', '2026-11-27T07:30:00.000Z'],
      openProblems: 0,
      counts: { people: 0, groups: 0, missing: 0 },
      lastRun: null,
      warnings: [],
    });
    expect(api.engine.calls).toContain(`reconcile ${acme.row.id} ${(body as Directory).id}`);
  });

  test('seals the password to the site: the site opens it, the platform has it nowhere', async () => {
    const { id } = await added('sealed');
    const stored = await storedCredential(id);
    const info = `directory-credential:${id}`;
    const sealed = await api.keyring.decrypt(acme.row.id, 'secrets', stored ?? Buffer.alloc(0), info);
    expect((await openSealed(berlin.sealPrivateKey, sealed, info)).toString()).toBe(PASSWORD);
    const { rows } = await sql<{ text: string }>`select i::text as text from directory_integration i`.execute(api.lab.owner);
    const everywhere = [...rows.map((row) => row.text), ...api.log, (await admin('GET', '/directories')).text].join('\n');
    expect(everywhere).not.toContain(PASSWORD);
    expect(everywhere).not.toContain(Buffer.from(PASSWORD).toString('hex'));
    expect(everywhere).not.toContain(Buffer.from(PASSWORD).toString('base64'));
  });

  test('at a site that is not enrolled is refused, with what to do', async () => {
    await admin('POST', '/sites', { name: 'new-site' });
    const { status, body } = await add('early', { site: 'new-site' });
    expect([status, body]).toEqual([409, expect.objectContaining({ code: 'site.not-enrolled', next: expect.stringContaining('Enrol') as string })]);
    expect((await admin('GET', '/directories/early')).status).toBe(404);
  });

  test('at a site that is not there says where', async () => {
    expect(await add('nowhere', { site: 'atlantis' })).toMatchObject({ status: 422, body: { errors: [{ path: '/site' }] } });
  });

  test('under a name that is taken is a conflict, and changes nothing', async () => {
    const { id } = await added('taken');
    expect(await add('taken', { description: 'second' })).toMatchObject({ status: 409, body: { code: 'directory.name-taken' } });
    expect(directory(await admin('GET', '/directories/taken'))).toMatchObject({ id, description: '' });
  });

  test('with a plain connection is done, with a loud warning', async () => {
    const { warnings } = await added('plain', { settings: { ...settings, security: 'plain' } });
    expect(warnings).toEqual([expect.stringContaining('NOT ENCRYPTED')]);
  });

  test.each<[string, object, string]>([
    ['a filter', { settings: { ...settings, filter: '(&(mail=*)' } }, '/settings/filter'],
    ['a certificate', { settings: { ...settings, caPem: 'no pem' } }, '/settings/caPem'],
    ['a base DN', { settings: { ...settings, baseDn: 'corp.example' } }, '/settings/baseDn'],
    ['a time zone', { schedule: { ...daily, timeZone: 'Europe/Bonn' } }, '/schedule/timeZone'],
    ['a window', { schedule: { kind: 'interval', start: '08:00', end: '08:30', everyMinutes: 45, timeZone: 'UTC' } }, '/schedule/everyMinutes'],
  ])('with %s that makes no sense says where, and stores nothing', async (_what, change, path) => {
    expect(await add('nonsense', change)).toMatchObject({ status: 422, body: { code: 'request.invalid', errors: [{ path }] } });
    expect((await admin('GET', '/directories/nonsense')).status).toBe(404);
    expect(api.engine.calls).toEqual([]);
  });
});

describe('changing', () => {
  test('what decides who is taken starts a full reading; the same again, or anything else, does not', async () => {
    const { id } = await added('rescoped');
    await sql`insert into page_cursor (owner, scope, org_id, epoch, seq, phase, completed_epoch)
      values (${id}, 'directory-sync', ${acme.row.id}, 1, 1, 'full', 1)`.execute(api.lab.owner);
    const filtered = { ...settings, filter: '(title=Boss)' };
    const changed = directory(await admin('PATCH', '/directories/rescoped', { settings: filtered }));
    expect(changed.lastRun).toMatchObject({ trigger: 'reconcile', state: 'queued' });
    expect(api.engine.calls.filter((call) => call.includes(changed.lastRun?.id ?? '?'))).toHaveLength(1);
    await sql`update run set state = 'succeeded', finished_at = now() where integration_id = ${id}`.execute(api.lab.owner);
    await sql`update page_cursor set opened_at = now() where owner = ${id}`.execute(api.lab.owner);
    for (const body of [{ settings: filtered }, { description: 'x' }]) {
      expect(directory(await admin('PATCH', '/directories/rescoped', body)).lastRun).toMatchObject({ state: 'succeeded' });
    }
  });

  test('keeps what is not given, and brings the schedule in line after the row', async () => {
    const { id } = await added('change');
    const { status, body } = await admin('PATCH', '/directories/change', { schedule: daily });
    expect([status, body]).toEqual([200, expect.objectContaining({ schedule: daily, settings, jitterSeconds: 60 })]);
    expect(api.engine.calls).toContain(`reconcile ${acme.row.id} ${id}`);
    expect(directory(await admin('PATCH', '/directories/change', { schedule: null }))).toMatchObject({ schedule: null, nextRuns: [] });
  });

  test('the password replaces the credential', async () => {
    const { id } = await added('rotate');
    const before = await storedCredential(id);
    expect((await admin('PATCH', '/directories/rotate', { password: 'second' })).status).toBe(200);
    const after = await storedCredential(id);
    expect(after?.equals(before ?? Buffer.alloc(0))).toBe(false);
    const info = `directory-credential:${id}`;
    const sealed = await api.keyring.decrypt(acme.row.id, 'secrets', after ?? Buffer.alloc(0), info);
    expect((await openSealed(berlin.sealPrivateKey, sealed, info)).toString()).toBe('second');
  });

  test('a new password and other settings reach schedule and watcher at once', async () => {
    const { id } = await added('wake');
    for (const change of [{ password: 'second' }, { settings: { ...settings, filter: '(mail=*)' } }]) {
      api.engine.calls.length = 0;
      await admin('PATCH', '/directories/wake', change);
      expect(api.engine.calls.filter((call) => call === `reconcile ${acme.row.id} ${id}`)).toHaveLength(1);
    }
  });

  test('where the password goes needs the password again', async () => {
    const { id } = await added('redirect');
    const before = await storedCredential(id);
    const elsewhere = { ...settings, host: 'evil.example', security: 'plain' };
    expect(await admin('PATCH', '/directories/redirect', { settings: elsewhere })).toMatchObject({
      status: 422,
      body: { errors: [{ path: '/password', message: expect.stringContaining('host, security') as string }] },
    });
    expect(directory(await admin('GET', '/directories/redirect')).settings).toEqual(settings);
    expect(await storedCredential(id)).toEqual(before);
    expect((await admin('PATCH', '/directories/redirect', { settings: elsewhere, password: 'known' })).status).toBe(200);
    expect((await admin('PATCH', '/directories/redirect', { settings: { ...elsewhere, filter: '(mail=*)' } })).status).toBe(200);
  });

  test('a directory that is not there is 404, whatever is to be changed', async () => {
    for (const body of [{}, { password: 'p' }, { settings }]) expect((await admin('PATCH', '/directories/ghost', body)).status).toBe(404);
  });

  test('pausing stops the schedule and shows no next run; resuming brings it back', async () => {
    const { id } = await added('pause', { schedule: daily });
    api.engine.calls.length = 0;
    expect((await operate('/directories/pause/pause')).body).toMatchObject({ state: 'paused', nextRuns: [] });
    expect((await operate('/directories/pause/pause')).body).toMatchObject({ state: 'paused' });
    expect(directory(await operate('/directories/pause/resume')).nextRuns).toHaveLength(3);
    expect(api.engine.calls.filter((call) => call === `reconcile ${acme.row.id} ${id}`)).toHaveLength(3);
  });

  test('a setting is kept when Temporal does not answer: the reconciler follows', async () => {
    await added('patient');
    api.engine.failure = new Error('14 UNAVAILABLE');
    expect(await admin('PATCH', '/directories/patient', { schedule: daily })).toMatchObject({ status: 200, body: { schedule: daily } });
  });
});

test('skipped ticks are those of the rows and those of the schedule', async () => {
  const { id } = await added('ticks', { schedule: daily });
  await api.lab.owner.updateTable('directory_integration').set({ skipped_ticks: 3 }).where('id', '=', integrationId(id)).execute();
  api.engine.skipped = 4;
  expect(directory(await admin('GET', '/directories/ticks')).skippedTicks).toBe(7);
  api.engine.failure = new Error('14 UNAVAILABLE');
  expect(directory(await admin('GET', '/directories/ticks')).skippedTicks).toBe(3);
});

test('a schedule that a refused sign-in stopped says so, with what ends it, and shows no next run', async () => {
  const { id, parked } = await added('parked', { schedule: daily });
  expect(parked).toBeNull();
  const error = { class: 'AuthRejected', code: 'ldap.account-locked', message: 'The account is locked.', next: 'Unlock it, then: lockstep directory sync NAME' };
  const finished = new Date(Date.now() + 1000);
  await aRun(api.lab.owner, { id: integrationId(id), org_id: acme.row.id, name: 'parked' }, { state: 'failed', finished_at: finished, error: JSON.stringify(error) });
  const answer = directory(await admin('GET', '/directories/parked'));
  expect(answer).toMatchObject({
    nextRuns: [],
    parked: { since: finished.toISOString(), reason: 'The account is locked.', next: 'Unlock it, then: lockstep directory sync parked' },
  });
  expect(directory(await admin('PATCH', '/directories/parked', { schedule: null })).parked).toBeNull();
});

describe('synchronise now', () => {
  test('answers the run at once, and starts it', async () => {
    await added('now');
    const { status, body } = await operate('/directories/now/sync');
    expect([status, body]).toEqual([
      202,
      expect.objectContaining({ kind: 'directory-sync', trigger: 'manual', state: 'queued', integration: 'now', joined: false, waiting: expect.any(String) as string }),
    ]);
    expect(api.engine.calls).toContain(`start ${acme.row.id} ${(body as StartedRun).id}`);
  });

  test('asked again and again while one runs, it is one run', async () => {
    await added('again');
    const answers = (await Promise.all(Array.from({ length: 6 }, () => operate('/directories/again/sync')))).map(run);
    expect(new Set(answers.map((one) => one.id)).size).toBe(1);
    expect(answers.filter((one) => !one.joined)).toHaveLength(1);
  });

  test('a run that is running already is not started again', async () => {
    await added('busy');
    const { id } = run(await operate('/directories/busy/sync'));
    await sql`update run set state = 'running', started_at = now() where id = ${id}`.execute(api.lab.owner);
    api.engine.calls.length = 0;
    expect(run(await operate('/directories/busy/sync'))).toMatchObject({ id, joined: true });
    expect(api.engine.calls).toEqual([]);
  });

  test('plan and test are runs of their own', async () => {
    await added('kinds');
    const kinds = await Promise.all(['sync', 'plan', 'test'].map(async (verb) => run(await operate(`/directories/kinds/${verb}`)).kind));
    expect(kinds).toEqual(['directory-sync', 'directory-plan', 'directory-test']);
  });

  test('a plan takes settings that nobody saves, from who may save them, and sends the password nowhere else', async () => {
    await added('planned');
    const filtered = { ...settings, filter: '(title=Boss)' };
    expect(await api.call(acme.tokens.operate, 'POST', '/api/v1/directories/planned/plan', { settings: filtered })).toMatchObject({ status: 403, body: { code: 'auth.scope-missing' } });
    expect(await admin('POST', '/directories/planned/plan', { settings: { ...filtered, host: 'evil.example' } })).toMatchObject({ status: 422, body: { errors: [{ path: '/settings/host' }] } });
    expect(await admin('POST', '/directories/planned/plan', { settings: { ...settings, filter: '(title' } })).toMatchObject({ status: 422, body: { errors: [{ path: '/settings/filter' }] } });
    expect(await admin('POST', '/directories/planned/plan', { fromStored: true })).toMatchObject({ status: 409, body: { code: 'plan.nothing-stored' } });
    const { id } = run(await admin('POST', '/directories/planned/plan', { settings: filtered }));
    expect((await api.call(acme.tokens.read, 'GET', `/api/v1/runs/${id}`)).body).toMatchObject({ plan: { settings: filtered, fromStored: false, counts: null } });
    expect(await operate('/directories/planned/plan')).toMatchObject({ status: 409, body: { code: 'plan.other-open' } });
    expect((await admin('GET', '/directories/planned')).body).toMatchObject({ settings });
  });

  test('is accepted while Temporal does not answer: the row is there for the sweeper', async () => {
    await added('outage');
    api.engine.failure = new Error('14 UNAVAILABLE');
    const { status, body } = await operate('/directories/outage/sync');
    expect(status).toBe(202);
    expect((await api.call(acme.tokens.read, 'GET', `/api/v1/runs/${(body as StartedRun).id}`)).body).toMatchObject({ state: 'queued' });
  });

  test('without a password is refused, with what to do', async () => {
    const { id } = await added('empty');
    await sql`update directory_integration set credential = null where id = ${id}`.execute(api.lab.owner);
    expect(await operate('/directories/empty/sync')).toMatchObject({ status: 409, body: { code: 'directory.credential-missing' } });
  });
});

describe('cancelling', () => {
  test('starts what no workflow has yet, so that nothing starts it later', async () => {
    await added('cancel');
    const { id } = run(await operate('/directories/cancel/sync'));
    api.engine.calls.length = 0;
    expect((await operate(`/runs/${id}/cancel`)).status).toBe(202);
    expect(api.engine.calls).toEqual([`start ${acme.row.id} ${id}`, `cancel ${acme.row.id} ${id}`]);
  });

  test('an ended run is a conflict', async () => {
    await added('ended');
    const { id } = run(await operate('/directories/ended/sync'));
    await sql`update run set state = 'succeeded', finished_at = now() where id = ${id}`.execute(api.lab.owner);
    expect(await operate(`/runs/${id}/cancel`)).toMatchObject({ status: 409, body: { code: 'run.ended' } });
  });

  test('while Temporal does not answer is 503: nothing else would cancel it', async () => {
    await added('stuck');
    const { id } = run(await operate('/directories/stuck/sync'));
    api.engine.failure = new Error('14 UNAVAILABLE: secret-host');
    const { status, body, headers, text } = await operate(`/runs/${id}/cancel`);
    expect([status, body]).toEqual([503, expect.objectContaining({ code: 'temporal.unavailable' })]);
    expect(headers['retry-after']).toBe('5');
    expect(text).not.toContain('secret-host');
  });
});

describe('removing', () => {
  test('takes the schedule away first, then the row with its runs', async () => {
    const { id } = await added('gone', { schedule: daily });
    const started = run(await operate('/directories/gone/test'));
    await sql`update run set state = 'failed', finished_at = now() where id = ${started.id}`.execute(api.lab.owner);
    api.engine.calls.length = 0;
    expect((await admin('DELETE', '/directories/gone')).status).toBe(204);
    expect(api.engine.calls).toEqual([`remove ${acme.row.id} ${id}`]);
    expect((await admin('GET', '/directories/gone')).status).toBe(404);
    expect((await admin('GET', `/runs/${started.id}`)).status).toBe(404);
  });

  test('is refused while a run is open, and once there are objects', async () => {
    const { id } = await added('kept');
    await operate('/directories/kept/sync');
    expect(await admin('DELETE', '/directories/kept')).toMatchObject({ status: 409, body: { code: 'directory.run-open' } });
    await sql`update run set state = 'succeeded', finished_at = now() where integration_id = ${id}`.execute(api.lab.owner);
    await anObject(id);
    expect(await admin('DELETE', '/directories/kept')).toMatchObject({ status: 409, body: { code: 'directory.has-objects' } });
  });

  test('waits until the schedule is gone: without Temporal nothing is removed or lost', async () => {
    const { changedAt } = await added('waits', { schedule: daily });
    api.engine.failure = new Error('14 UNAVAILABLE');
    expect((await admin('DELETE', '/directories/waits')).status).toBe(503);
    expect(directory(await admin('GET', '/directories/waits'))).toMatchObject({ schedule: daily, state: 'active', changedAt });
    api.engine.failure = undefined;
    expect((await admin('DELETE', '/directories/waits')).status).toBe(204);
  });

  const anObject = (integration: string) => sql`
    insert into directory_object (org_id, integration_id, guid, kind, recipient_type, dn, dn_key, rdn, display_name, sort_key, account_disabled, in_scope, listed, attributes, content_hash)
    values (${acme.row.id}, ${integration}, gen_random_uuid(), 'user', 'other', 'CN=x', '\\x00', 'CN=x', 'x', 'x', false, true, true, '{}', '\\x00')`.execute(api.lab.owner);
});

test('lists have pages', async () => {
  const names: string[] = [];
  let after: string | null = null;
  do {
    const url: string = `/directories?limit=4${after === null ? '' : `&after=${after}`}`;
    const page = (await admin('GET', url)).body as { items: Directory[]; next: string | null };
    names.push(...page.items.map((item) => item.name));
    after = page.next;
  } while (after !== null);
  const { rows } = await sql<{ name: string }>`select name from directory_integration order by name`.execute(api.lab.owner);
  expect(names).toEqual(rows.map((row) => row.name));
});

