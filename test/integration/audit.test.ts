/** The organisation's decision about private items, and what is written down of it. */
import { sql } from 'kysely';
import type { AuditEntry } from '../../src/api/schemas/audit.ts';
import { auditHash } from '../../src/archive/audit.ts';
import { withOrganisation } from '../../src/archive/database.ts';
import { type LabApi, labApi, type LabOrganisation } from '../lab/api.ts';
import { type Cli, cli } from '../lab/cli.ts';

let api: LabApi;
let acme: LabOrganisation;
let shell: Cli;
beforeAll(async () => {
  api = await labApi();
  acme = await api.organisation('acme');
  shell = await cli({ LOCKSTEP_URL: await api.app.listen({ host: '127.0.0.1', port: 0 }) });
});
afterAll(() => api.close());

const decide = (leaveOutPrivate: boolean) => api.call(acme.tokens.admin, 'PATCH', '/api/v1/organisation', { leaveOutPrivate });
const entries = async (query = '') => (await api.call(acme.tokens.admin, 'GET', `/api/v1/audit${query}`)).body as { items: AuditEntry[]; next: string | null };

test('private items are left out until the organisation decides otherwise, and each change is written down', async () => {
  expect(await api.call(acme.tokens.read, 'GET', '/api/v1/organisation')).toMatchObject({ body: { leaveOutPrivate: true } });
  expect(await decide(false)).toMatchObject({ status: 200, body: { name: 'acme', leaveOutPrivate: false } });
  // Said again it changes nothing.
  await decide(false);
  await Promise.all([decide(true), decide(true), decide(true)]);
  await decide(false);
  const { items } = await entries();
  expect(items.map(({ number, action, subject, before, after }) => ({ number, action, subject, before, after }))).toEqual(
    [3, 2, 1].map((number) => ({
      number, action: 'organisation.changed', subject: 'acme', before: { leaveOutPrivate: number % 2 === 1 }, after: { leaveOutPrivate: number % 2 === 0 },
    })),
  );
  let previous: Buffer = Buffer.alloc(32);
  for (const { at, by, hash, ...entry } of items.toReversed()) {
    previous = auditHash(previous, { ...entry, at: new Date(at), byId: by.id, by: by.label });
    expect(hash).toBe(previous.toString('hex'));
  }
  const first = await entries('?limit=2');
  expect([first.items.map(({ number }) => number), (await entries(`?after=${first.next}`)).items.map(({ number }) => number)]).toEqual([[3, 2], [1]]);
});

test('who may not decide does not, and other organisations have an audit of their own', async () => {
  expect(await api.call(acme.tokens.operate, 'PATCH', '/api/v1/organisation', { leaveOutPrivate: true })).toMatchObject({ status: 403 });
  expect(await api.call(acme.tokens.operate, 'GET', '/api/v1/audit')).toMatchObject({ status: 403 });
  expect(await api.call(acme.tokens.admin, 'PATCH', '/api/v1/organisation', { leaveOutPrivate: 'no' })).toMatchObject({ status: 400 });
  const globex = await api.organisation('globex');
  expect(await api.call(globex.tokens.admin, 'GET', '/api/v1/audit')).toMatchObject({ status: 200, body: { items: [], next: null } });
  expect(await api.call(globex.tokens.admin, 'GET', '/api/v1/organisation')).toMatchObject({ body: { leaveOutPrivate: true } });
});

test.each([['changed', sql`update audit set subject = 'x'`], ['removed', sql`delete from audit`]])('the program itself cannot have an entry %s', async (_, statement) => {
  await expect(withOrganisation(api.lab.app, acme.row.id, (tx) => statement.execute(tx))).rejects.toThrow('permission denied');
});

test('the command line decides and lists', async () => {
  const as = { env: { LOCKSTEP_TOKEN: acme.tokens.admin } };
  const changed = await shell.run(['organisation', 'change', '--private', 'leave-out'], as);
  expect(changed.code).toBe(0);
  expect(changed.stdout).toContain('left out from the next run');
  const { stdout } = await shell.run(['audit', 'list'], as);
  expect(stdout).toMatch(/organisation\.changed acme +leaveOutPrivate: false → true/);
  expect(await shell.run(['organisation', 'change'], as)).toMatchObject({ code: 2 });
});
