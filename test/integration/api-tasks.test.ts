/** Connections, definitions, schedules, mailbox groups and tasks by the API. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Connection } from '../../src/api/schemas/connections.ts';
import type { Definition, MailboxGroup, Task, TaskSchedule } from '../../src/api/schemas/tasks.ts';
import { connectionCredentialInfo, openSealed } from '../../src/security/seal.ts';
import { type Answer, type LabApi, labApi, type LabOrganisation, type LabSite, type Method } from '../lab/api.ts';

const PASSWORD = 'a-very-secret-word';
const settings = { type: 'ews', url: 'https://mail.corp.example/EWS/Exchange.asmx', authentication: 'ntlm', account: 'CORP\\svc' };

let api: LabApi;
let acme: LabOrganisation;
let berlin: LabSite;
const answers: string[] = [];
beforeAll(async () => {
  api = await labApi();
  acme = await api.organisation('acme');
  berlin = await acme.site('berlin');
  await acme.site('paris');
});
afterAll(() => api.close());

async function call(method: Method, url: string, body?: unknown): Promise<Answer> {
  const answer = await api.call(acme.tokens.admin, method, `/api/v1${url}`, body);
  answers.push(answer.text);
  return answer;
}
async function made<T>(url: string, body: unknown): Promise<T> {
  const { status, body: answer, text } = await call('POST', url, body);
  if (status !== 201) throw new Error(`${status} ${text}`);
  return answer as T;
}
const connection = (name: string, more: object = {}) => made<Connection>('/connections', { name, site: 'berlin', settings, password: PASSWORD, ...more });

/** A task with parts of its own, all of that name. */
async function task(name: string, site = 'berlin'): Promise<Task> {
  await made('/definitions', { name });
  await made('/schedules', { name, schedule: { kind: 'daily', at: '22:00', timeZone: 'Europe/Berlin' } });
  await made('/mailbox-groups', { name, source: { kind: 'mailboxes', addresses: [`${name}@corp.example`] } });
  return made('/tasks', { name, site, definition: name, schedule: name, group: name });
}

describe('connections', () => {
  test('keep their password sealed to the site, for that connection alone', async () => {
    const made = await connection('exchange');
    expect(made).toMatchObject({ site: 'berlin', settings, credential: { set: true }, hintsTrusted: true, mailboxes: 0 });
    const { credential } = await api.lab.owner.selectFrom('exchange_connection').select('credential').where('name', '=', 'exchange').executeTakeFirstOrThrow();
    const info = connectionCredentialInfo(made.id);
    const sealed = await api.keyring.decrypt(acme.row.id, 'secrets', credential ?? Buffer.alloc(0), info);
    expect((await openSealed(berlin.sealPrivateKey, sealed, info)).toString('utf8')).toBe(PASSWORD);
    await expect(openSealed(berlin.sealPrivateKey, sealed, connectionCredentialInfo(randomUUID()))).rejects.toThrow();
  });

  test.each([
    ['url', { url: 'https://evil.example/EWS/Exchange.asmx' }],
    ['account', { account: 'CORP\\other' }],
    ['authentication', { authentication: 'basic' }],
    ['proxy', { proxy: 'http://proxy.evil.example:3128' }],
  ])('send no stored password elsewhere: a change of %s needs it again', async (field, change) => {
    const name = `redirect-${field}`;
    await connection(name);
    const changed = { ...settings, ...change };
    expect(await call('PATCH', `/connections/${name}`, { settings: changed })).toMatchObject({ status: 422, body: { errors: [{ path: '/password' }] } });
    expect((await call('GET', `/connections/${name}`)).body).toMatchObject({ settings });
    expect(await call('PATCH', `/connections/${name}`, { settings: changed, password: 'another' })).toMatchObject({ status: 200, body: { settings: changed } });
  });

  test('take what sends the password nowhere else without it', async () => {
    await connection('limits');
    expect(await call('PATCH', '/connections/limits', { settings: { ...settings, maxRequests: 5 } })).toMatchObject({ status: 200, body: { settings: { maxRequests: 5 } } });
  });

  test('are refused when they make no sense, are named twice, or belong to no site', async () => {
    const wrong = (more: object) => call('POST', '/connections', { name: 'wrong', site: 'berlin', settings, password: PASSWORD, ...more });
    expect(await wrong({ settings: { ...settings, url: 'http://mail.corp.example/' } })).toMatchObject({ status: 422, body: { errors: [{ path: '/settings/url' }] } });
    expect(await wrong({ site: 'ghost' })).toMatchObject({ status: 422, body: { errors: [{ path: '/site' }] } });
    expect(await wrong({ settings: { ...settings, password: 'x' } })).toMatchObject({ status: 400 });
    await connection('twice');
    expect(await wrong({ name: 'twice' })).toMatchObject({ status: 409, body: { code: 'connection.name-taken' } });
  });

  test('that a task needs are not removed; what was read through one stays', async () => {
    await connection('only', { site: 'paris' });
    await task('at-paris', 'paris');
    expect(await call('DELETE', '/connections/only')).toMatchObject({ status: 409, body: { code: 'connection.in-use', detail: expect.stringContaining('"at-paris"') as string } });
    await connection('second', { site: 'paris' });
    await sql`
      with box as (
        insert into mailbox (org_id, address, display_name, recipient_type, connection_id)
        select ${acme.row.id}, 'used@corp.example', 'Used', 'user-mailbox', id from exchange_connection where name = 'only' returning id)
      insert into mailbox_owner (mailbox_id, feature, org_id, task_id)
      select box.id, 'folder-replication', ${acme.row.id}, task.id from box, task where task.name = 'at-paris'`.execute(api.lab.owner);
    expect(await call('DELETE', '/connections/only')).toMatchObject({ status: 409, body: { code: 'connection.in-use' } });
    expect((await call('DELETE', '/tasks/at-paris')).status).toBe(204);
    expect((await call('DELETE', '/connections/only')).status).toBe(204);
    const { rows } = await sql<{ connection_id: string | null }>`select connection_id from mailbox where address = 'used@corp.example'`.execute(api.lab.owner);
    expect(rows).toEqual([{ connection_id: null }]);
  });
});

describe('definitions', () => {
  test('replicate everything with content unless they say otherwise', async () => {
    expect(await made<Definition>('/definitions', { name: 'default' })).toMatchObject({
      feature: 'folder-replication',
      settings: { withContent: true, exclude: { inbox: false, sentItems: false, deletedItems: false }, rules: [] },
      tasks: [],
    });
  });
  test('keep rules in their order', async () => {
    const rules = [
      { action: 'include', path: 'Projects/Keep' },
      { action: 'exclude', path: 'Projects/**', olderThanDays: 30 },
    ];
    await made('/definitions', { name: 'ruled', settings: { withContent: false, exclude: { deletedItems: true }, rules } });
    expect((await call('GET', '/definitions/ruled')).body).toMatchObject({
      settings: { withContent: false, exclude: { inbox: false, sentItems: false, deletedItems: true }, rules },
    });
  });
  test('with a rule about nothing are refused', async () => {
    const answer = await call('POST', '/definitions', { name: 'empty-rule', settings: { rules: [{ action: 'exclude' }] } });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ path: '/settings/rules/0' }] } });
    expect(await call('POST', '/definitions', { name: 'unknown', settings: { rules: [{ action: 'exclude', wellKnown: 'nowhere' }] } })).toMatchObject({ status: 400 });
  });
});

describe('schedules', () => {
  test('show when they tick next', async () => {
    const schedule = { kind: 'daily', at: '22:00', timeZone: 'Europe/Berlin' };
    const made_ = await made<TaskSchedule>('/schedules', { name: 'nightly', schedule });
    expect(made_).toMatchObject({ schedule, jitterSeconds: 60 });
    expect(made_.nextRuns).toHaveLength(3);
    expect(await call('PATCH', '/schedules/nightly', { jitterSeconds: 5 })).toMatchObject({ status: 200, body: { schedule, jitterSeconds: 5 } });
    expect(await call('PATCH', '/schedules/nightly', { schedule: { ...schedule, timeZone: 'Nowhere/City' } })).toMatchObject({ status: 422 });
  });
});

describe('mailbox groups', () => {
  test('keep each address once, in lower case', async () => {
    const group = await made<MailboxGroup>('/mailbox-groups', { name: 'list', source: { kind: 'mailboxes', addresses: ['B@corp.example', 'b@corp.example', 'a@corp.example'] } });
    expect(group.source).toEqual({ kind: 'mailboxes', addresses: ['b@corp.example', 'a@corp.example'] });
    expect((await call('GET', '/mailbox-groups/list/mailboxes')).body).toEqual({
      counts: { mailboxes: 2, skipped: 0 },
      mailboxes: ['a@corp.example', 'b@corp.example'].map((address) => ({ address, displayName: address, recipientType: 'other', known: false })),
      skipped: [],
      directories: [],
    });
  });
  test('of what is no address, or of a group that is not there, are refused', async () => {
    const wrong = (source: object) => call('POST', '/mailbox-groups', { name: 'wrong', source });
    expect(await wrong({ kind: 'mailboxes', addresses: ['a@b.example', 'nobody'] })).toMatchObject({ status: 422, body: { errors: [{ path: '/source/addresses/1' }] } });
    expect(await wrong({ kind: 'directory-group', group: 'Ghosts' })).toMatchObject({ status: 422, body: { errors: [{ path: '/source/group' }] } });
    expect(await wrong({ kind: 'mailboxes', addresses: [] })).toMatchObject({ status: 400 });
  });
});

describe('tasks', () => {
  test('are put together from parts, which know them', async () => {
    const one = await task('alpha');
    expect(one).toMatchObject({ feature: 'folder-replication', site: 'berlin', definition: 'alpha', schedule: 'alpha', group: 'alpha', state: 'active' });
    expect(one.nextRuns).toHaveLength(3);
    await made('/tasks', { name: 'alpha-too', site: 'berlin', definition: 'alpha', group: 'alpha' });
    expect((await call('GET', '/definitions/alpha')).body).toMatchObject({ tasks: ['alpha', 'alpha-too'] });
    expect((await call('GET', '/schedules/alpha')).body).toMatchObject({ tasks: ['alpha'] });
  });

  test('with parts that are not there are refused, and all of these are named', async () => {
    const answer = await call('POST', '/tasks', { name: 'wrong', site: 'ghost', definition: 'ghost', schedule: 'ghost', group: 'ghost' });
    expect(answer.status).toBe(422);
    expect((answer.body as { errors: { path: string }[] }).errors.map(({ path }) => path).sort()).toEqual(['/definition', '/group', '/schedule', '/site']);
  });

  test.each(['definitions', 'schedules', 'mailbox-groups'])('keep their %s from being removed, and are named as the reason', async (path) => {
    await task(`uses-${path}`);
    const code = { definitions: 'definition', schedules: 'schedule', 'mailbox-groups': 'mailbox-group' }[path];
    expect(await call('DELETE', `/${path}/uses-${path}`)).toMatchObject({
      status: 409,
      body: { code: `${code}.in-use`, detail: expect.stringContaining(`"uses-${path}"`) as string },
    });
    expect((await call('DELETE', `/tasks/uses-${path}`)).status).toBe(204);
    expect((await call('DELETE', `/${path}/uses-${path}`)).status).toBe(204);
    expect((await call('GET', `/${path}/uses-${path}`)).status).toBe(404);
  });

  test('are paused and resumed, any number of times, and have no next run meanwhile', async () => {
    await task('paused');
    for (const [verb, state, ticks] of [['pause', 'paused', 0], ['pause', 'paused', 0], ['resume', 'active', 3]] as const) {
      const { status, body } = await call('POST', `/tasks/paused/${verb}`);
      expect([status, (body as Task).state, (body as Task).nextRuns.length]).toEqual([200, state, ticks]);
    }
  });

  test('lose their schedule, get another part and move to another site', async () => {
    await task('moving');
    await made('/definitions', { name: 'other' });
    const { body } = await call('PATCH', '/tasks/moving', { schedule: null, site: 'paris', definition: 'other' });
    expect(body).toMatchObject({ schedule: null, nextRuns: [], site: 'paris', definition: 'other', group: 'moving' });
    expect(await call('PATCH', '/tasks/moving', { group: 'ghost' })).toMatchObject({ status: 422, body: { errors: [{ path: '/group' }] } });
  });

  test('are not removed while a run of theirs is open; afterwards with their runs, and the mailboxes stay', async () => {
    const { id } = await task('running');
    const run = randomUUID();
    await sql`
      with box as (
        insert into mailbox (org_id, address, display_name, recipient_type) values (${acme.row.id}, 'kept@corp.example', 'Kept', 'user-mailbox') returning id),
      run as (
        insert into run (id, org_id, task_id, number, kind, trigger, state, workflow_id)
        values (${run}, ${acme.row.id}, ${id}, 900, 'directory-sync', 'manual', 'running', 'w') returning id),
      state as (
        insert into task_mailbox (task_id, mailbox_id, org_id, state) select ${id}, box.id, ${acme.row.id}, 'healthy' from box)
      insert into run_mailbox (run_id, ordinal, org_id, mailbox_id) select run.id, 0, ${acme.row.id}, box.id from box, run`.execute(api.lab.owner);
    expect((await call('GET', '/tasks/running')).body).toMatchObject({ mailboxes: { healthy: 1, pending: 0, attention: 0 } });
    expect(await call('DELETE', '/tasks/running')).toMatchObject({ status: 409, body: { code: 'task.run-open' } });
    await sql`update run set state = 'succeeded', finished_at = now() where id = ${run}`.execute(api.lab.owner);
    expect((await call('DELETE', '/tasks/running')).status).toBe(204);
    const { rows } = await sql<{ left: string }>`
      select (select count(*) from run where id = ${run}) || ' ' || (select count(*) from mailbox where address = 'kept@corp.example') as left`.execute(api.lab.owner);
    expect(rows).toEqual([{ left: '0 1' }]);
  });

  test('lists go on where a page ended', async () => {
    const all = (await call('GET', '/tasks')).body as { items: Task[] };
    const first = (await call('GET', '/tasks?limit=2')).body as { items: Task[]; next: string };
    const second = (await call('GET', `/tasks?limit=2&after=${first.next}`)).body as { items: Task[] };
    expect([...first.items, ...second.items].map(({ name }) => name)).toEqual(all.items.slice(0, 4).map(({ name }) => name));
  });
});

test('no answer and no line of the log holds a password', () => {
  for (const text of [...answers, ...api.log]) expect(text).not.toContain(PASSWORD);
});
