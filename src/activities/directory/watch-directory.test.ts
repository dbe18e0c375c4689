import { ApplicationFailure } from '@temporalio/common';
import { pino } from 'pino';
import type { IngestClient, PageCursor } from '../../client/ingest-client.ts';
import type { ChangeStep, DirectorySource } from '../../directory/directory-source.ts';
import type { DirectoryChangesPage, DirectorySettings, DirectoryWatermark } from '../../shared/directory.ts';
import { type ErrorClass, LockstepError } from '../../shared/errors.ts';
import { integrationId } from '../../shared/ids.ts';
import type { NeedsFullRequest, PageAnswer, WatchAnswer, WatchRequest } from '../../shared/site-contract.ts';
import { watchDirectory, type WatchState, type WatchTiming } from './watch-directory.ts';

const integration = integrationId('33333333-3333-4333-8333-333333333333');
const at = (cookie: string): DirectoryWatermark => ({ method: 'dirsync', cookie, dnsHostName: 'dc1.corp.example', invocationId: null });
const page = (cookie: string, ...dns: readonly string[]): ChangeStep => ({
  outcome: 'page',
  page: { entries: dns.map((dn) => ({ guid: dn, dn, attributes: {} })), members: [], changes: [], problems: [], watermark: at(cookie) },
});
const failure = (errorClass: ErrorClass, code: string) => new LockstepError({ class: errorClass, code, message: 'CN=Ann on dc1', next: 'Ask Ann.' });
const settings: DirectorySettings = { security: 'ldaps', host: 'dc1.corp.example', account: 'svc@corp.example', acknowledgeDisabled: true };
const access = { settings, sealedCredential: 'AA==' };

type Next<T> = T | LockstepError;
const give = <T>(next: Next<T>): T => {
  if (next instanceof LockstepError) throw next;
  return next;
};

interface Script {
  /** Answers of the platform to `watch`; the last one is given again and again. */
  readonly watch: readonly Next<Partial<WatchAnswer>>[];
  /** Answers to pages; then each is applied. */
  readonly pages?: readonly Next<PageAnswer>[];
  /** What each poll gives: pages, then perhaps a failure. When there is nothing left the watcher is cancelled. */
  readonly polls: readonly (readonly Next<ChangeStep>[])[];
  readonly timing?: Partial<WatchTiming>;
  readonly settings?: DirectorySettings;
}

/** Runs a watcher over the script; answers what it did. */
async function run(script: Script) {
  const stop = new AbortController();
  const asked: WatchRequest[] = [];
  const posted: { readonly at: string; readonly dns: readonly string[]; readonly next: string | undefined }[] = [];
  const polled: (string | undefined)[] = [];
  const needsFull: NeedsFullRequest[] = [];
  const states: WatchState[] = [];
  let closed = 0;
  const polls = [...script.polls];
  const answers = [...(script.pages ?? [])];
  const cookieOf = (watermark: DirectoryWatermark) => (watermark.method === 'dirsync' ? watermark.cookie : undefined);
  const unused = () => Promise.reject(new Error('not for a watcher'));
  const ingest: IngestClient = {
    openRun: unused, postPage: unused, putReport: unused, putError: unused,
    watch: async (_, request) => {
      const next = script.watch[Math.min(asked.length, script.watch.length - 1)];
      asked.push(request);
      const answer = give(next ?? {});
      return { version: 'one', pollSeconds: 0, ...(request.known === undefined ? { access: { ...access, settings: script.settings ?? settings } } : {}), ...answer };
    },
    postChanges: async (_, { epoch, seq }: PageCursor, { entries, watermark }: DirectoryChangesPage) => {
      posted.push({ at: `${epoch}/${seq}`, dns: entries.map(({ dn }) => dn), next: cookieOf(watermark) });
      return give(answers.shift() ?? { outcome: 'applied', seq: seq + 1 });
    },
    needsFull: async (_, request) => void needsFull.push(request),
  };
  const source: Pick<DirectorySource, 'changes'> = {
    changes: () => ({
      async *poll(from) {
        const steps = polls.shift();
        if (steps === undefined) {
          stop.abort(new Error('the script is over'));
          throw stop.signal.reason;
        }
        polled.push(cookieOf(from));
        for (const step of steps) yield give(step);
      },
      close: () => void (closed += 1),
    }),
  };
  const timing: Partial<WatchTiming> = { firstWaitMs: 1, longestWaitMs: 4, ...script.timing };
  const outcome: unknown = await watchDirectory({ ingest, openSource: async () => source as DirectorySource, logger: pino({ level: 'silent' }), timing }, integration, {
    heartbeat: (details) => void states.push(details),
    signal: stop.signal,
  }).catch((error: unknown) => error);
  return { outcome, asked, posted, polled, needsFull, states, closed: () => closed };
}
const cursor = (epoch: number, seq: number, cookie: string) => ({ epoch, seq, watermark: at(cookie) });

test('posts what there is at its place, and nothing when there is nothing', async () => {
  const { posted, polled } = await run({
    watch: [{ cursor: cursor(3, 7, 'a') }],
    polls: [[page('b')], [page('c', 'CN=Ann'), page('d', 'CN=Bob')], [page('e')], [page('f', 'CN=Cid')]],
  });
  expect(posted).toEqual([
    { at: '3/7', dns: ['CN=Ann'], next: 'c' }, { at: '3/8', dns: ['CN=Bob'], next: 'd' }, { at: '3/9', dns: ['CN=Cid'], next: 'f' },
  ]);
  expect(polled).toEqual(['a', 'b', 'd', 'e']);
});

test('asks the platform for settings once, then only whether they are the same', async () => {
  const { asked } = await run({ watch: [{ cursor: cursor(1, 0, 'a') }], polls: [[], [], []], timing: { refreshMs: 0 } });
  expect(asked.slice(0, 3)).toEqual([{}, { known: 'one' }, { known: 'one' }]);
});

test('keeps its own watermark when the platform is where it was, and takes that of a new epoch', async () => {
  const { polled } = await run({
    watch: [{ cursor: cursor(1, 0, 'a') }, { cursor: cursor(1, 0, 'a') }, { cursor: cursor(2, 0, 'x') }],
    polls: [[page('b')], [page('c')], [page('y')], [page('z')]], timing: { refreshMs: 0 },
  });
  expect(polled).toEqual(['a', 'b', 'x', 'y']);
});

test('waits for a watermark, and begins where the first full reading left off', async () => {
  const { polled, asked, states } = await run({ watch: [{}, {}, { cursor: cursor(1, 0, 'a') }], polls: [[page('b')], [page('c')]] });
  expect(polled).toEqual(['a', 'b']);
  expect(asked).toHaveLength(3);
  expect(states[0]).toMatchObject({ state: 'no-watermark' });
});

test.each<[string, PageAnswer | LockstepError]>([
  ['a full reading was faster', { outcome: 'superseded', epoch: 2 }],
  ['another watcher was faster', { outcome: 'stale', seq: 4 }],
  ['the epoch is unknown', failure('CursorInvalid', 'cursor.unknown-epoch')],
])('when %s it goes on from where the platform says, and what was not taken is told again', async (_, answer) => {
  const { posted, polled } = await run({
    watch: [{ cursor: cursor(1, 0, 'a') }, { cursor: cursor(2, 4, 'x') }],
    pages: [answer], polls: [[page('b', 'CN=Ann'), page('c', 'CN=Bob')], [page('y', 'CN=Ann')]],
  });
  expect(polled).toEqual(['a', 'x']);
  expect(posted.map((each) => `${each.at} ${each.dns.join()}`)).toEqual(['1/0 CN=Ann', '2/4 CN=Ann']);
});

test('a page whose answer got lost is not sent to its place again', async () => {
  const { polled } = await run({
    watch: [{ cursor: cursor(1, 0, 'a') }, { cursor: cursor(1, 1, 'b') }],
    pages: [failure('Unavailable', 'platform.unreachable')], polls: [[page('b', 'CN=Ann')], [page('c')]],
  });
  expect(polled).toEqual(['a', 'b']);
});

test('a source that is away is waited for; the platform is told why, and that it is over', async () => {
  const refused = failure('Unavailable', 'ldap.refused');
  const { asked, polled, states } = await run({
    watch: [{ cursor: cursor(1, 0, 'a') }], polls: [[refused], [refused], [page('b')], [page('c')]], timing: { heartbeatMs: 1, firstWaitMs: 20, longestWaitMs: 20 },
  });
  expect(polled).toEqual(['a', 'a', 'a', 'b']);
  expect(asked.map((request) => request.failure?.code)).toEqual([undefined, 'ldap.refused', 'ldap.refused', undefined]);
  expect(states).toContainEqual({ state: 'waiting', code: 'ldap.refused', since: expect.stringMatching(/^\d{4}-/) as string, failures: 2 });
  expect(JSON.stringify(states)).not.toContain('Ann');
});

test('a platform that is away or busy is waited for, and that is no news to it', async () => {
  const { asked, posted } = await run({
    watch: [failure('Unavailable', 'platform.unreachable'), failure('Throttled', 'platform.busy'), { cursor: cursor(1, 0, 'a') }],
    polls: [[page('b', 'CN=Ann')]],
  });
  expect(asked.slice(0, 3)).toEqual([{}, {}, {}]);
  expect(posted).toHaveLength(1);
});

test.each<ErrorClass>(['AuthRejected', 'ConfigInvalid'])('%s ends it at once, with the reason told and nothing of it in the history', async (errorClass) => {
  const { outcome, asked, polled, closed } = await run({ watch: [{ cursor: cursor(1, 0, 'a') }], polls: [[failure(errorClass, 'ldap.some-code')], [page('b')]] });
  expect(outcome).toBeInstanceOf(ApplicationFailure);
  expect(outcome).toMatchObject({ type: errorClass, message: 'ldap.some-code', nonRetryable: true });
  expect(polled).toEqual(['a']);
  expect(asked.at(-1)).toEqual({ known: 'one', failure: { class: errorClass, code: 'ldap.some-code', message: 'CN=Ann on dc1', next: 'Ask Ann.' } });
  expect(closed()).toBe(1);
});

test.each([
  ['settings that changed', { version: 'two', cursor: cursor(1, 0, 'a') }, 'changed'],
  ['a directory that was paused', failure('ConfigInvalid', 'directory.paused'), 'paused'],
] as const)('%s end it without a failure', async (_, answer, outcome) => {
  const result = await run({ watch: [{ cursor: cursor(1, 0, 'a') }, answer], polls: [[page('b')], [page('c')]], timing: { refreshMs: 0 } });
  expect(result.outcome).toEqual({ outcome, polls: 1, pages: 0 });
  expect(result.closed()).toBe(1);
});

test('it ends when it has watched for long enough', async () => {
  const { outcome } = await run({ watch: [{ cursor: cursor(1, 0, 'a') }], polls: [], timing: { watchMs: 0 } });
  expect(outcome).toEqual({ outcome: 'due', polls: 0, pages: 0 });
});

test('a watermark that leads nowhere is given back with the reason, and the next one waited for', async () => {
  const { needsFull, polled } = await run({
    watch: [{ cursor: cursor(5, 2, 'a') }, {}, { cursor: cursor(6, 0, 'x') }],
    polls: [[{ outcome: 'needs-full', reason: 'cookie-rejected', detail: 'It said so.' }], [page('y')]],
  });
  expect(needsFull).toEqual([{ epoch: 5, reason: 'cookie-rejected', detail: 'It said so.' }]);
  expect(polled).toEqual(['a', 'x']);
});

describe('a controller that is gone', () => {
  const gone = failure('Unavailable', 'ldap.unreachable');
  const script = { watch: [{ cursor: cursor(1, 0, 'a') }], polls: [[gone], [page('b')]], timing: { controllerGoneMs: 0 } };
  test('is given up when it was found in DNS: another one is read from', async () => {
    const { host, ...found } = settings;
    expect(host).toBeDefined();
    const { needsFull } = await run({ ...script, settings: found });
    expect(needsFull).toMatchObject([{ epoch: 1, reason: 'controller-replaced', detail: expect.stringContaining('dc1.corp.example') as string }]);
  });

  test('is waited for when the settings name it', async () => {
    expect((await run(script)).needsFull).toEqual([]);
  });
});

test('cancelled while it waits, it ends with the reason', async () => {
  const { outcome } = await run({ watch: [{ cursor: cursor(1, 0, 'a') }], polls: [] });
  expect(String(outcome)).toBe('Error: the script is over');
});
