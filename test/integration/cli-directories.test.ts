import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withOrganisation } from '../../src/archive/database.ts';
import { beginRun, finishRun, type RunEnd } from '../../src/archive/runs.ts';
import type { DirectoryObjectStep, DirectoryTestStep } from '../../src/shared/directory.ts';
import { type LabApi, labApi, type LabOrganisation, type LabSite } from '../lab/api.ts';
import { type Cli, cli, type CliResult } from '../lab/cli.ts';
import { until } from '../lab/component.ts';

const PASSWORD = 'Pa$$ word-of-corp ';

let api: LabApi;
let acme: LabOrganisation;
let berlin: LabSite;
let shell: Cli;
const seen: CliResult[] = [];
beforeAll(async () => {
  api = await labApi();
  acme = await api.organisation('acme');
  berlin = await acme.site('berlin');
  const url = await api.app.listen({ host: '127.0.0.1', port: 0 });
  shell = await cli({ LOCKSTEP_URL: url, LOCKSTEP_TOKEN: acme.tokens.admin });
});
afterAll(() => api.close());

async function run(args: readonly string[], options?: Parameters<Cli['run']>[1]): Promise<CliResult> {
  const result = await shell.run(args, options);
  seen.push(result);
  return result;
}
const add = (name: string, ...args: string[]) =>
  run(['directory', 'add', name, '--account', 'svc@corp.example', '--password-stdin', '--no-test', ...args], { input: PASSWORD });

/** What workflow and site do: the next queued run begins, reports and ends. */
async function playNextRun(end: RunEnd, report?: readonly (DirectoryObjectStep | DirectoryTestStep)[]): Promise<void> {
  const inOrganisation = <T>(work: Parameters<typeof withOrganisation<T>>[2]) => withOrganisation(api.lab.app, acme.row.id, work);
  const queued = () => inOrganisation((tx) => tx.selectFrom('run').select('id').where('state', '=', 'queued').executeTakeFirst());
  await until('a run is queued', async () => (await queued()) !== undefined);
  const found = await queued();
  if (found === undefined) throw new Error('the queued run is gone');
  await inOrganisation(async (tx) => {
    await beginRun(tx, found.id);
    if (report !== undefined) await tx.updateTable('run').set({ report: JSON.stringify(report) }).where('id', '=', found.id).execute();
    await finishRun(tx, found.id, end);
  });
}

test('a directory is added with the account and the password alone', async () => {
  const { code, stdout, stderr } = await add('hq');
  expect([stderr, code]).toEqual(['', 0]);
  expect(stdout).toContain('lockstep directory plan hq');
  const shown = (await run(['directory', 'show', 'hq', '--json'])).json();
  expect(shown).toMatchObject({
    site: 'berlin',
    settings: { account: 'svc@corp.example', security: 'ldaps', acknowledgeDisabled: true },
    credential: { set: true },
    schedule: { kind: 'daily', at: '04:30', timeZone: 'Europe/Berlin' },
    lastRun: null,
  });
});

test('every setting has an option', async () => {
  const caFile = join(shell.home, 'ca.pem');
  await writeFile(caFile, '-----BEGIN CERTIFICATE-----\nTUlJQg==\n-----END CERTIFICATE-----\n');
  const result = await add(
    'everything',
    ...['--site', 'berlin', '--host', 'dc1.corp.example', '--port', '3269', '--security', 'starttls', '--base-dn', 'DC=corp,DC=example'],
    ...['--search-base', 'OU=A,DC=corp,DC=example', '--search-base', 'OU=B,DC=corp,DC=example', '--filter', '(title=*)'],
    ...['--mail-domain', 'corp.example,b.example', '--mail-domain', 'c.example', '--acknowledge-disabled', 'no', '--extra-attribute', 'info'],
    ...['--description', 'All of it', '--schedule', 'weekly mon,fri 05:30', '--time-zone', 'Europe/London', '--jitter-seconds', '9', '--json'],
  );
  expect([result.stderr, result.code]).toEqual(['', 0]);
  expect(result.json()).toMatchObject({
    test: null,
    directory: {
      description: 'All of it',
      jitterSeconds: 9,
      schedule: { kind: 'weekly', days: ['monday', 'friday'], at: '05:30', timeZone: 'Europe/London' },
      settings: {
        host: 'dc1.corp.example',
        port: 3269,
        security: 'starttls',
        baseDn: 'DC=corp,DC=example',
        searchBases: ['OU=A,DC=corp,DC=example', 'OU=B,DC=corp,DC=example'],
        filter: '(title=*)',
        mailDomains: ['corp.example', 'b.example', 'c.example'],
        acknowledgeDisabled: false,
        extraAttributes: ['info'],
      },
    },
  });
});

test('without a password, a site or an account nothing is added', async () => {
  const none = await run(['directory', 'add', 'no', '--account', 'svc@corp.example']);
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('--password-stdin')]);
  expect(await run(['directory', 'add', 'no', '--password-stdin'], { input: PASSWORD })).toMatchObject({ code: 2 });
  expect(await run(['directory', 'add', 'no', '--account', 'a@b', '--password-stdin'], { input: '' })).toMatchObject({ code: 2 });
  expect((await run(['directory', 'show', 'no'])).code).toBe(6);
});

test('a name that is taken is exit code 5', async () => {
  expect(await add('hq')).toMatchObject({ code: 5, stderr: expect.stringContaining('hq') as string });
});

test('a setting that the API does not take is exit code 2 and says which', async () => {
  expect(await add('bad', '--filter', '((')).toMatchObject({ code: 2, stderr: expect.stringContaining('filter') as string });
});

test('a change leaves what was not named', async () => {
  const before = (await run(['directory', 'show', 'everything', '--json'])).json() as { settings: Record<string, unknown>; credential: object };
  const result = await run(['directory', 'change', 'everything', '--mail-domain', 'd.example', '--unset', 'filter', '--json']);
  const kept = { ...before.settings };
  delete kept['filter'];
  expect(result.json()).toMatchObject({ credential: before.credential });
  expect((result.json() as { settings: object }).settings).toEqual({ ...kept, mailDomains: ['d.example'] });
});

test('another server needs the password again, and the reader learns how to give it', async () => {
  const change = ['directory', 'change', 'everything', '--host', 'dc2.corp.example', '--unset', 'port', '--json'];
  const refused = await run(change);
  expect([refused.code, refused.json()]).toEqual([
    2,
    { error: expect.objectContaining({ next: expect.stringContaining('LOCKSTEP_DIRECTORY_PASSWORD') as string }) as object },
  ]);
  const changed = (await run(change, { env: { LOCKSTEP_DIRECTORY_PASSWORD: PASSWORD } })).json() as { settings: object };
  expect(changed.settings).toMatchObject({ host: 'dc2.corp.example' });
  expect(changed.settings).not.toHaveProperty('port');
});

test('a change that says nothing new, or unsets what must be set, is refused', async () => {
  expect((await run(['directory', 'change', 'hq'])).code).toBe(2);
  expect((await run(['directory', 'change', 'hq', '--unset', 'account'])).code).toBe(2);
});

test('the schedule keeps its zone when only the time changes', async () => {
  const result = await run(['directory', 'change', 'everything', '--schedule', 'daily 07:00', '--json']);
  expect(result.json()).toMatchObject({ schedule: { kind: 'daily', at: '07:00', timeZone: 'Europe/London' } });
});

test('pause and resume say what happens next', async () => {
  expect((await run(['directory', 'pause', 'hq'])).stdout).toContain('lockstep directory resume hq');
  expect((await run(['directory', 'list'])).stdout).toMatch(/^hq +berlin +paused/m);
  expect((await run(['directory', 'resume', 'hq'])).stdout).toContain('Next run: 2026-');
});

test('an unknown directory is exit code 6 with the near name', async () => {
  expect(await run(['directory', 'sync', 'hqq'])).toMatchObject({ code: 6, stderr: expect.stringContaining('Did you mean hq?') as string });
  expect(await run(['directory', 'show', 'HQ'])).toMatchObject({ stderr: expect.stringContaining('Did you mean hq?') as string });
});

test('a synchronisation that went well is exit code 0 with its totals', async () => {
  const [result] = await Promise.all([
    run(['directory', 'sync', 'hq']),
    playNextRun({ state: 'succeeded', totals: { pages: 3, seen: 2_345, added: 2_345, problems: 0 } }),
  ]);
  expect(result.code).toBe(0);
  expect(result.stdout).toMatch(/^sync #\d+ of hq: succeeded in .*\n {2}3 pages · 2,345 seen · 2,345 added\n$/);
});

test('a synchronisation with problems is exit code 3', async () => {
  const [result] = await Promise.all([run(['directory', 'sync', 'hq', '--json']), playNextRun({ state: 'partial', totals: { seen: 9, problems: 2 } })]);
  expect(result.code).toBe(3);
  expect(result.json()).toMatchObject({ state: 'partial', totals: { problems: 2 } });
});

test('a synchronisation that failed is exit code 1 with reason and next step', async () => {
  const error = { class: 'AuthRejected', code: 'ldap.invalid-credentials', message: 'The password was refused.', next: 'Set the right one.' } as const;
  const [result] = await Promise.all([run(['directory', 'sync', 'hq']), playNextRun({ state: 'failed', error })]);
  expect(result.code).toBe(1);
  expect(result.stdout).toContain('The password was refused. (ldap.invalid-credentials)\n  → Set the right one.');
});

test('a run that is only started is followed later by its number', async () => {
  const started = (await run(['directory', 'sync', 'hq', '--no-wait', '--json'])).json() as { number: string; joined: boolean };
  expect(started.joined).toBe(false);
  expect((await run(['directory', 'sync', 'hq', '--no-wait'])).stdout).toContain('was open already');
  const [followed] = await Promise.all([run(['runs', 'show', started.number, '--follow', '--json']), playNextRun({ state: 'succeeded', totals: { seen: 1 } })]);
  expect(followed.json()).toMatchObject({ number: started.number, state: 'succeeded' });
  expect((await run(['runs', 'show', 'last', '--json'])).json()).toMatchObject({ number: started.number });
  expect((await run(['runs', '--state', 'failed', '--limit', '1'])).stdout).toMatch(/^ *#\d+ +hq +sync +failed +manual +2\d{3}-\d\d-\d\d .* The password was refused\.$/m);
});

test('Ctrl-C ends the watching with exit code 130; the run goes on until it is cancelled', async () => {
  const watching = shell.start(['directory', 'sync', 'hq']);
  const open = () => withOrganisation(api.lab.app, acme.row.id, (tx) => tx.selectFrom('run').select('id').where('state', '=', 'queued').executeTakeFirst());
  await until('the run is queued', async () => (await open()) !== undefined);
  watching.interrupt();
  const result = await watching.ended;
  seen.push(result);
  expect([result.code, result.stdout]).toEqual([130, expect.stringMatching(/^sync #\d+ of hq goes on\. .*lockstep runs cancel \d+\n$/)]);
  const opened = await open();
  expect((await run(['runs', 'cancel', 'last'])).code).toBe(0);
  expect(api.engine.calls).toContain(`cancel ${acme.row.id} ${opened?.id ?? ''}`);
  await playNextRun({ state: 'cancelled' });
});

test('a run that does not exist is exit code 6, and nonsense exit code 2', async () => {
  expect((await run(['runs', 'show', '99999'])).code).toBe(6);
  expect((await run(['runs', 'show', '11111111-1111-4111-8111-111111111111'])).code).toBe(6);
  expect((await run(['runs', 'show', 'nonsense'])).code).toBe(2);
});

test('a test shows each step, and a failed one is exit code 1 with what to do', async () => {
  const steps: DirectoryTestStep[] = [
    { step: 'connect', outcome: 'passed', detail: 'dc1.corp.example:636', durationMs: 3 },
    { step: 'bind', outcome: 'failed', detail: 'The password was refused.', code: 'ldap.invalid-credentials', next: 'Set the right one.', durationMs: 5 },
  ];
  const [failed] = await Promise.all([run(['directory', 'test', 'hq']), playNextRun({ state: 'succeeded' }, steps)]);
  expect(failed.code).toBe(1);
  expect(failed.stdout).toMatch(/^✓ connect .*\n✗ sign in .*\(ldap.invalid-credentials\)\n +→ Set the right one\.\n$/);
  const [passed] = await Promise.all([run(['directory', 'test', 'hq', '--json']), playNextRun({ state: 'succeeded' }, steps.slice(0, 1))]);
  expect([passed.code, passed.json()]).toEqual([0, expect.objectContaining({ report: steps.slice(0, 1) })]);
});

test('one object is shown step by step, and a failed step is exit code 1', async () => {
  const steps: DirectoryObjectStep[] = [
    { step: 'connect', outcome: 'passed', detail: 'Signed in to dc1.', durationMs: 3 },
    { step: 'find', outcome: 'passed', detail: 'Found CN=Ann.', durationMs: 3 },
    { step: 'read', outcome: 'passed', detail: 'Read 12 attributes.', durationMs: 3 },
    { step: 'scope', outcome: 'passed', detail: 'In scope: no rule keeps it out.', durationMs: 0 },
    { step: 'apply', outcome: 'passed', detail: 'Changed: title.', durationMs: 5 },
  ];
  const [shown] = await Promise.all([run(['directory', 'sync', 'hq', '--object', 'ann@corp.example']), playNextRun({ state: 'succeeded' }, steps)]);
  expect([shown.code, shown.stdout]).toEqual([
    0,
    [
      '✓ connect                  Signed in to dc1.',
      '✓ find the object          Found CN=Ann.',
      '✓ read it                  Read 12 attributes.',
      '✓ see whether it is taken  In scope: no rule keeps it out.',
      '✓ take it over             Changed: title.',
      '',
    ].join('\n'),
  ]);
  const failed: DirectoryObjectStep[] = [{ step: 'find', outcome: 'failed', detail: 'Nobody.', code: 'directory.object-not-found', next: 'Check.', durationMs: 1 }];
  const [asked] = await Promise.all([run(['directory', 'sync', 'hq', '--object', 'CN=Ann,DC=corp,DC=example', '--json']), playNextRun({ state: 'succeeded' }, failed)]);
  expect([asked.code, asked.json()]).toEqual([1, expect.objectContaining({ kind: 'directory-object', object: { by: 'dn', value: 'CN=Ann,DC=corp,DC=example' }, report: failed })]);
  expect((await run(['runs', 'show', 'last'])).stdout).toMatch(/^object +CN=Ann,DC=corp,DC=example$/m);
  expect((await run(['directory', 'sync', 'hq', '--object', 'ann'])).code).toBe(2);
});

test('an addition tests by itself and keeps the directory when that fails', async () => {
  const steps: DirectoryTestStep[] = [{ step: 'resolve', outcome: 'failed', detail: 'No such host.', next: 'Give --host.', durationMs: 1 }];
  const [result] = await Promise.all([
    run(['directory', 'add', 'tested', '--account', 'svc@corp.example', '--password-stdin'], { input: PASSWORD }),
    playNextRun({ state: 'succeeded' }, steps),
  ]);
  expect(result.code).toBe(1);
  expect(result.stdout).toContain('No such host.');
  expect(result.stdout).toContain('tested is kept');
  expect((await run(['directory', 'remove', 'tested'])).code).toBe(0);
  expect((await run(['directory', 'show', 'tested'])).code).toBe(6);
});

test('status is exit code 3 when a run failed and says what to do, and 4 when Temporal is gone', async () => {
  const error = { class: 'Unavailable', code: 'ldap.unreachable', message: 'No answer from dc1.', next: 'Start dc1.' } as const;
  await Promise.all([run(['directory', 'sync', 'hq']), playNextRun({ state: 'failed', error })]);
  const status = await run(['status']);
  expect(status.code).toBe(3);
  expect(status.stdout).toMatch(/! directory hq: sync #\d+ failed: No answer from dc1\.\n {2}→ Start dc1\./);

  await Promise.all([run(['directory', 'sync', 'hq']), playNextRun({ state: 'succeeded', totals: { seen: 1 } })]);
  expect((await run(['status', '--json'])).json()).toMatchObject({
    server: { reachable: true, ready: true },
    organisation: { name: 'acme' },
    sites: [{ name: 'berlin', state: 'online' }],
    attention: [],
  });

  api.engine.failure = new Error('gone');
  try {
    expect(await run(['status'])).toMatchObject({ code: 4, stdout: expect.stringMatching(/temporal +✗/) as string });
  } finally {
    api.engine.failure = undefined;
  }
});

test('neither the password nor a token was ever printed', () => {
  expect(seen.length).toBeGreaterThan(30);
  for (const { stdout, stderr } of seen) {
    expect(stdout + stderr).not.toContain(PASSWORD.trim());
    expect(stdout + stderr).not.toContain(acme.tokens.admin);
    expect(stdout + stderr).not.toContain(berlin.token);
  }
});

test('what a watcher says is shown: how changes are told, and what keeps it from watching, until nothing does', async () => {
  await add('watched');
  const { id } = (await run(['directory', 'show', 'watched', '--json'])).json() as { id: string };
  const say = (body: object) => api.call(berlin.token, 'POST', `/site/v1/integrations/${id}/watch`, body);
  const show = async () => (await run(['directory', 'show', 'watched'])).stdout;
  expect(await show()).toContain('is found out by the first full reading');

  const tracking = { method: 'usn', reason: 'The account may not use DirSync.', deletionsVisible: false };
  await api.lab.owner.updateTable('directory_integration').set({ change_tracking: JSON.stringify(tracking) }).where('name', '=', 'watched').execute();
  const failure = { class: 'AuthRejected', code: 'ldap.invalid-credentials', message: 'The domain refuses the password.', next: 'Set it: lockstep directory change NAME --password' };
  expect((await say({ failure })).status).toBe(200);
  const stored = await api.lab.owner.selectFrom('directory_integration').select('watch_error').where('name', '=', 'watched').executeTakeFirstOrThrow();
  expect(stored.watch_error).toEqual(failure);
  const advice = 'Set it: lockstep directory change watched --password';
  expect((await run(['directory', 'show', 'watched', '--json'])).json()).toMatchObject({
    changes: { ...tracking, state: 'waiting', watchedAt: expect.any(String) as string, error: { ...failure, next: advice }, reconcile: null },
  });
  const shown = await show();
  for (const part of ['found by uSNChanged', 'The account may not use DirSync.', 'by the next full reading only', 'The domain refuses the password. (ldap.invalid-credentials)', advice]) {
    expect(shown).toContain(part);
  }

  await say({});
  expect(await show()).toContain('asks every 30 seconds, last heard of');
  expect(await show()).not.toContain('refuses the password');
});
