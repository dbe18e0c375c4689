import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LabApi, labApi } from '../lab/api.ts';
import { type Cli, cli, type CliResult } from '../lab/cli.ts';

let api: LabApi;
let shell: Cli;
beforeAll(async () => {
  api = await labApi();
  const acme = await api.organisation('acme');
  await acme.site('berlin');
  const url = await api.app.listen({ host: '127.0.0.1', port: 0 });
  shell = await cli({ LOCKSTEP_URL: url, LOCKSTEP_TOKEN: acme.tokens.admin });
});
afterAll(() => api.close());

async function done(...args: string[]): Promise<CliResult> {
  const result = await shell.run(args, { input: 'Pa$$word ' });
  expect([result.stderr, result.code]).toEqual(['', 0]);
  return result;
}
const json = async (...args: string[]) => (await done(...args, '--json')).json();

test('a task is made from its parts, changed, paused, resumed and removed', async () => {
  await done('connection', 'add', 'exchange', '--address', 'https://mail.corp.example/EWS/Exchange.asmx', '--account', 'CORP\\svc', '--password-stdin');
  await done('definition', 'add', 'lean', '--content', 'no', '--exclude', 'deleted-items', '--rule', 'exclude path=Old things/* older=365');
  await done('schedule', 'add', 'nightly', '--when', 'daily 22:00', '--time-zone', 'Europe/London');
  await done('mailbox-group', 'add', 'pilot', '--mailbox', 'ada@corp.example,grace@corp.example');
  await done('task', 'add', 'first', '--definition', 'lean', '--group', 'pilot', '--schedule', 'nightly');
  expect(await json('task', 'show', 'first')).toMatchObject({ site: 'berlin', definition: 'lean', group: 'pilot', schedule: 'nightly', state: 'active' });
  expect(await json('definition', 'show', 'lean')).toMatchObject({
    settings: { withContent: false, exclude: { deletedItems: true }, rules: [{ action: 'exclude', path: 'Old things/*', olderThanDays: 365 }] },
    tasks: ['first'],
  });
  expect(await json('schedule', 'show', 'nightly')).toMatchObject({ schedule: { kind: 'daily', at: '22:00', timeZone: 'Europe/London' } });
  expect(await json('connection', 'show', 'exchange')).toMatchObject({ settings: { account: 'CORP\\svc', authentication: 'ntlm' }, credential: { set: true } });
  expect(await json('mailbox-group', 'mailboxes', 'pilot')).toMatchObject({ counts: { mailboxes: 2 } });

  const refused = await shell.run(['definition', 'remove', 'lean']);
  expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining('"first"')]);
  expect(await json('task', 'change', 'first', '--schedule', 'none')).toMatchObject({ schedule: null });
  expect(await json('task', 'pause', 'first')).toMatchObject({ state: 'paused' });
  expect(await json('task', 'resume', 'first')).toMatchObject({ state: 'active' });
  expect((await done('task', 'list')).stdout).toContain('first');
  await done('task', 'remove', 'first');
  await done('definition', 'remove', 'lean');
  expect(await json('definition', 'list')).toEqual({ items: [], next: null });
});

test('a change leaves what was not named', async () => {
  await done('definition', 'add', 'kept', '--exclude', 'inbox,sent-items', '--rule', 'exclude class=IPM.Note.SMIME');
  expect(await json('definition', 'change', 'kept', '--content', 'no')).toMatchObject({
    settings: { withContent: false, exclude: { inbox: true, sentItems: true, deletedItems: false }, rules: [{ itemClass: 'IPM.Note.SMIME' }] },
  });
  expect(await json('definition', 'change', 'kept', '--exclude', 'none', '--rule', 'none')).toMatchObject({
    settings: { withContent: false, exclude: { inbox: false, sentItems: false }, rules: [] },
  });
});

test('mailboxes are read from a file, without its remarks', async () => {
  const file = join(shell.home, 'addresses.txt');
  await writeFile(file, '# pilot\nADA@corp.example\r\n\ngrace@corp.example\n');
  expect(await json('mailbox-group', 'add', 'from-file', '--mailbox-file', file)).toMatchObject({
    source: { addresses: ['ada@corp.example', 'grace@corp.example'] },
  });
});

test.each([
  [['mailbox-group', 'add', 'x'], '--mailbox-file'],
  [['mailbox-group', 'add', 'x', '--group', 'Sales', '--mailbox', 'a@b.example'], '--group'],
  [['schedule', 'add', 'x', '--when', 'none'], 'says when'],
  [['definition', 'add', 'x', '--rule', 'keep everything'], 'no rule'],
  [['definition', 'add', 'x', '--exclude', 'calendar'], '--exclude'],
  [['connection', 'add', 'x', '--account', 'a'], '--address'],
  [['task', 'change', 'x'], 'Nothing to change'],
])('%j is refused before anything is sent', async (args, says) => {
  const { code, stderr } = await shell.run(args);
  expect([code, stderr]).toEqual([2, expect.stringContaining(says)]);
});

test('the password of a directory in the environment is never taken for that of a connection', async () => {
  const add = (env: Record<string, string>) =>
    shell.run(['connection', 'add', 'second', '--address', 'https://mail.corp.example/EWS/Exchange.asmx', '--account', 'svc@corp.example'], { env });
  expect(await add({ LOCKSTEP_DIRECTORY_PASSWORD: 'p' })).toMatchObject({ code: 2, stderr: expect.stringContaining('LOCKSTEP_CONNECTION_PASSWORD') as string });
  expect(await add({ LOCKSTEP_CONNECTION_PASSWORD: 'p' })).toMatchObject({ code: 0 });
  const redirected = await shell.run(['connection', 'change', 'second', '--address', 'https://other.corp.example/EWS/Exchange.asmx']);
  expect([redirected.code, redirected.stderr]).toEqual([2, expect.stringContaining('--password')]);
});

test('an unknown name is answered with the similar ones', async () => {
  await done('mailbox-group', 'add', 'sales', '--mailbox', 'a@b.example');
  const { code, stderr } = await shell.run(['mailbox-group', 'show', 'slaes']);
  expect([code, stderr]).toEqual([6, expect.stringContaining('sales')]);
});
