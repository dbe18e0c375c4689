import type { ContentOutcome, Mailbox } from '../../exchange/mailbox.ts';
import { Readable } from 'node:stream';
import { LockstepError } from '../../shared/errors.ts';
import { blobHash, type ItemId, mailboxKey } from '../../shared/ids.ts';
import type { SourceItemId } from '../../shared/mailbox.ts';
import type { ContentReport, ContentWork } from '../../shared/mailbox-contract.ts';
import type { SpooledContent } from './content-spool.ts';
import { callsOf, replicateContent } from './replicate-content.ts';

type Wanted = ContentWork['items'][number];
const item = (number: number, size = 1000): Wanted => ({ item: String(number) as ItemId, source: `s${number}` as SourceItemId, changeKey: 'k', size });
const MB = 1024 * 1024;

test('small items are read together, a large one alone', () => {
  const calls = (sizes: readonly number[]) => callsOf(sizes.map((size, index) => item(index, size))).map((call) => call.map(({ size }) => size / MB));
  expect(calls([MB, MB, 150 * MB, MB, 3 * MB, 5 * MB])).toEqual([[1, 1], [150], [1, 3], [5]]);
  expect(callsOf(Array.from({ length: 25 }, (_, index) => item(index))).map((call) => call.length)).toEqual([10, 10, 5]);
  expect(callsOf([])).toEqual([]);
});

const failure = (errorClass: LockstepError['class'], code: string) => new LockstepError({ class: errorClass, code, message: 'It failed.', next: '-' });

/** A source that fails for calls with any of these, and a platform that remembers. */
function world(items: readonly Wanted[], breaks: ReadonlySet<string>, readItems: Mailbox['readItems'] = () => Promise.resolve({ items: [], problems: [], gone: [] })) {
  const reported: ContentReport['items'][number][] = [];
  const calls: string[][] = [];
  const kept = new Set<string>();
  let files = 0;
  const { signal } = new AbortController();
  return {
    reported, calls, kept,
    run: (error = failure('Unavailable', 'ews.cut')) =>
      replicateContent({
        mailbox: {
          readItems,
          async *readContent<Taken>(ids: readonly SourceItemId[], sink: (mime: Readable) => Promise<Taken>): AsyncGenerator<ContentOutcome<Taken>> {
            calls.push([...ids]);
            for (const id of ids) {
              const taken = await sink(Readable.from([Buffer.from(id)]));
              if (breaks.has(id)) throw error;
              yield { id, outcome: 'read', changeKey: 'k', taken };
            }
          },
        },
        client: {
          nextContent: () => Promise.resolve({ items, next: null }),
          reportContent: (_, { items: said }) => {
            reported.push(...said);
            return Promise.resolve();
          },
        },
        claimed: { mailbox: mailboxKey('11111111-1111-4111-8111-111111111111'), lease: '' },
        transfer: {
          spool: {
            take: (mime) => {
              mime.resume();
              const path = String((files += 1));
              kept.add(path);
              return Promise.resolve({ path, hash: blobHash('0'.repeat(64)), bytes: 1, open: () => Readable.from([]) } satisfies SpooledContent);
            },
            remove: ({ path }) => {
              kept.delete(path);
              return Promise.resolve();
            },
          },
          blobs: { putBlob: () => Promise.resolve() },
        },
        signal,
        onReport: () => undefined,
        onBytes: () => undefined,
      }),
  };
}
const outcomes = (reported: readonly ContentReport['items'][number][]) => Object.fromEntries(reported.map(({ item: id, outcome }) => [id, outcome]));

test('an item that breaks every answer is unreadable, and the others of its call are read', async () => {
  const one = world([1, 2, 3].map((number) => item(number)), new Set(['s2']));
  expect(await one.run()).toBe('finished');
  expect(outcomes(one.reported)).toEqual({ 1: 'read', 2: 'unreadable', 3: 'read' });
  expect(one.reported.find(({ outcome }) => outcome === 'unreadable')).toMatchObject({ code: 'ews.cut', detail: 'It failed.' });
  expect(one.calls).toEqual([['s1', 's2', 's3'], ['s1'], ['s2'], ['s2'], ['s3']]);
  expect(one.kept.size).toBe(0);
});

test('a server that answers nothing at all is no item’s fault', async () => {
  const one = world([item(1)], new Set(['s1']), () => Promise.reject(failure('Unavailable', 'ews.away')));
  await expect(one.run()).rejects.toMatchObject({ code: 'ews.away' });
  expect(one.reported).toEqual([]);
  expect(one.kept.size).toBe(0);
});

test('an item that was moved meanwhile is gone, not unreadable', async () => {
  const one = world([item(1)], new Set(['s1']), (ids) => Promise.resolve({ items: [], problems: [], gone: ids }));
  await one.run();
  expect(outcomes(one.reported)).toEqual({ 1: 'gone' });
});

test.each([
  ['a mailbox that is throttled', failure('Throttled', 'ews.throttled')],
  ['a site without room', failure('Unavailable', 'site.spool-failed')],
  ['a refused sign-in', failure('AuthRejected', 'ews.credential-refused')],
])('%s is not asked again item by item', async (_, error) => {
  const one = world([item(1), item(2)], new Set(['s1']));
  await expect(one.run(error)).rejects.toBe(error);
  expect(one.calls).toHaveLength(1);
  expect(one.kept.size).toBe(0);
});
