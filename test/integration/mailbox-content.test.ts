/** Content from the sample Exchange to the archive: what is stored is what is in the mailbox, and nothing is read twice. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { sql } from 'kysely';
import { ContentSpool } from '../../src/activities/mailbox/content-spool.ts';
import { processMailbox } from '../../src/activities/mailbox/process-mailbox.ts';
import type { ContentTransfer } from '../../src/activities/mailbox/replicate-content.ts';
import { sweepMailboxes } from '../../src/activities/mailbox/sweep-mailboxes.ts';
import { readMimeContent } from '../../src/archive/content/mime-content.ts';
import { openMessage, openPart } from '../../src/archive/content/open-content.ts';
import { shareParts } from '../../src/archive/content/share-parts.ts';
import { findContent, messageParts, type StoredContent } from '../../src/archive/content/stored-content.ts';
import { withOrganisation } from '../../src/archive/database.ts';
import type { MailboxClient } from '../../src/client/mailbox-client.ts';
import { EwsSource } from '../../src/exchange/ews/ews-source.ts';
import type { MailboxSource } from '../../src/exchange/mailbox.ts';
import { writeMime } from '../../src/sample/exchange/mime-writer.ts';
import type { SampleMailbox } from '../../src/sample/exchange/mailbox.ts';
import type { ItemRecord } from '../../src/sample/exchange/model.ts';
import { fileBytes } from '../../src/sample/exchange/files.ts';
import { type SampleExchange, startSampleExchange } from '../../src/sample/exchange/server.ts';
import type { ItemId, RunId } from '../../src/shared/ids.ts';
import { aMailbox, archiveClient, aTask, aTaskRun, type LabMailbox, type LabTask, replicationSettings } from '../lab/mailboxes.ts';
import { MemoryBlobs } from '../lab/memory-blobs.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { digestOfSample } from '../lab/sample-content.ts';
import { itemsOf, sampleMailbox } from '../lab/sample-mail.ts';

/** Of all organisations here, as that of a server. */
const blobs = new MemoryBlobs();
let lab: LabDatabase;
let root: string;
let spool: ContentSpool;
beforeAll(async () => {
  lab = await freshDatabase();
  root = await mkdtemp(join(tmpdir(), 'lockstep-spool-'));
  spool = await ContentSpool.open(root);
});
afterAll(async () => {
  await spool.close();
  await rm(root, { recursive: true });
  await lab.close();
});

interface World extends AsyncDisposable {
  readonly mailbox: SampleMailbox;
  readonly exchange: SampleExchange;
  readonly task: LabTask;
  readonly kept: LabMailbox;
  readonly blobs: MemoryBlobs;
  readonly client: MailboxClient;
  /** Ids whose content was asked for. */
  readonly asked: string[];
  /** One whole run. */
  run(overrides?: { readonly client?: MailboxClient; readonly transfer?: ContentTransfer; readonly signal?: AbortSignal }): Promise<unknown>;
  sweep(): Promise<unknown>;
}

/** A mailbox, an archive, and what is between them. */
async function world(messages: number, withContent = true): Promise<World> {
  const mailbox = sampleMailbox('ada@mail.example.test', messages);
  const exchange = await startSampleExchange({ mailboxes: [mailbox], accounts: { svc: { password: 'secret', impersonates: true } } });
  const source = new EwsSource({ type: 'ews', url: exchange.url, authentication: 'basic', account: 'svc' }, 'secret');
  const task = await aTask(lab.owner, { settings: { withContent } });
  const kept = await aMailbox(lab.owner, task, mailbox.owner.address);
  const client = archiveClient(lab.app, task, blobs);
  const asked: string[] = [];
  const counted: MailboxSource = {
    capabilities: source.capabilities,
    close: () => source.close(),
    mailbox(name) {
      const real = source.mailbox(name);
      return {
        syncHierarchy: (...args) => real.syncHierarchy(...args),
        folderHints: (...args) => real.folderHints(...args),
        syncFolder: (...args) => real.syncFolder(...args),
        readItems: (...args) => real.readItems(...args),
        readContent: (ids, ...args) => {
          asked.push(...ids);
          return real.readContent(ids, ...args);
        },
      };
    },
  };
  const never = new AbortController();
  const work = { client, sources: { use: <T>(_: unknown, __: unknown, job: (source: MailboxSource) => Promise<T>) => job(counted) }, signal: never.signal };
  const transfer = { spool, blobs: blobs.uploads(lab.app, task.organisation) };
  return {
    mailbox, exchange, task, kept, blobs, client, asked,
    run: async ({ client: other = client, transfer: way = transfer, signal = never.signal } = {}) =>
      processMailbox({ ...work, client: other, content: way, signal, onPage: () => undefined, onBytes: () => undefined }, { runId: await aTaskRun(lab.owner, task, [kept]), ordinal: 0 }),
    sweep: async () =>
      sweepMailboxes({ ...work, content: transfer, onPage: () => undefined, onBytes: () => undefined }, { runId: await aTaskRun(lab.owner, task, [kept]), offset: 0, length: 1 }),
    async [Symbol.asyncDispose]() {
      await source.close();
      await exchange.close();
    },
  };
}

/** Digests of what the archive holds of items that are kept, in no order; null: it holds none. */
async function archived({ kept }: World): Promise<(string | null)[]> {
  const { rows } = await sql<{ digest: string | null }>`
    select encode(c.digest, 'hex') as digest from item i left join content c on c.id = i.content_id and i.content_state = 'stored'
    where i.mailbox_id = ${kept.id} and i.folder_id is not null and i.left_out is null`.execute(lab.owner);
  return rows.map(({ digest }) => digest).toSorted();
}
const isKept = ({ sensitivity }: ItemRecord) => sensitivity !== 'Private' && sensitivity !== 'Personal';
/** Of what is in the mailbox, read another way. */
const present = ({ mailbox }: World) => {
  const shown = new Set(mailbox.folders().filter(({ hidden, search }) => !hidden && !search).map(({ number }) => number));
  return itemsOf(mailbox).filter((item) => isKept(item) && shown.has(item.folder)).map(digestOfSample).toSorted();
};
const stateOf = async ({ kept }: World) => {
  const { rows } = await sql<{ state: string; count: number }>`
    select content_state as state, count(*)::int as count from item where mailbox_id = ${kept.id} and left_out is null group by 1 order by 1`.execute(lab.owner);
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
};
const spooled = async () => (await readdir(join(root, String(process.pid)))).length;

test('all content of a mailbox is in the archive, and every byte is found by its hash', async () => {
  await using one = await world(150);
  expect(await one.run()).toEqual({ outcome: 'finished' });
  expect(await archived(one)).toEqual(present(one));
  const { rows } = await sql<{ blob: string; bytes: string; whole: boolean }>`
    select encode(blob, 'hex') as blob, bytes, blob = sha256 as whole from content where org_id = ${one.task.organisation}`.execute(lab.owner);
  expect(rows.length).toBe(present(one).length);
  for (const { blob, bytes, whole } of rows) expect([one.blobs.bytes.get(`${one.task.organisation}/${blob}`)?.length, whole]).toEqual([Number(bytes), true]);
  expect(await spooled()).toBe(0);
  // Nothing is wanted any more, and nothing is asked for.
  one.asked.length = 0;
  expect(await one.sweep()).toEqual({ finished: 1, failed: 0, deferred: [] });
  expect(one.asked).toEqual([]);
});

test('a property stamped on every item downloads nothing; a changed body of one item downloads that one', async () => {
  await using one = await world(400);
  await one.run();
  one.asked.length = 0;
  for (const { uid } of itemsOf(one.mailbox)) one.mailbox.changeItem(uid, { stamped: new Map([['guid', 'stamp']]), categories: ['stamped'], flag: 'Flagged' });
  await one.run();
  const settled = itemsOf(one.mailbox).filter((item) => isKept(item) && /^(ipm\.note|report|ipm\.schedule|ipm\.post)/i.test(item.itemClass) && !item.isDraft);
  expect(settled.length).toBeGreaterThan(300);
  // Of drafts, contacts and tasks any change may be one of content.
  expect(one.asked.length).toBe(present(one).length - settled.length);
  expect(await archived(one)).toEqual(present(one));
  const [changed] = settled;
  if (changed === undefined) throw new Error('no item');
  one.asked.length = 0;
  one.mailbox.changeItem(changed.uid, { content: { ...changed.content, subject: 'Another', text: 'Another text' } });
  await one.run();
  expect(one.asked).toHaveLength(1);
  expect(await archived(one)).toEqual(present(one));
});

test('a definition that begins to ask for content gets all of it, and no metadata is read again', async () => {
  await using one = await world(120, false);
  await one.run();
  expect(one.asked).toEqual([]);
  expect(await stateOf(one)).toEqual({ wanted: present(one).length });
  await sql`update definition set settings = ${JSON.stringify(replicationSettings({ withContent: true }))} where id = ${one.task.definition}`.execute(lab.owner);
  const before = one.exchange.requests.get('SyncFolderItems');
  expect(await one.sweep()).toEqual({ finished: 0, failed: 0, deferred: [0] });
  await one.run();
  expect(one.exchange.requests.get('SyncFolderItems')).toBe(before);
  expect(await archived(one)).toEqual(present(one));
});

test('a little that is new is done by the sweep', async () => {
  await using one = await world(60);
  await one.run();
  const [some] = itemsOf(one.mailbox);
  if (some === undefined) throw new Error('no item');
  one.mailbox.addItem(() => ({ ...some, sensitivity: 'Normal', content: { ...some.content, text: 'new' } }));
  expect(await one.sweep()).toEqual({ finished: 1, failed: 0, deferred: [] });
  expect(await archived(one)).toEqual(present(one));
});

class Killed extends Error {}

test('whatever is killed between reading and reporting, the next attempt finishes, and reads no more than what was not reported', async () => {
  await using one = await world(300);
  const wanted = present(one).length;
  let reports = 0;
  const after = (client: MailboxClient, kill: 'before' | 'after'): MailboxClient => ({
    ...client,
    reportContent: async (...report) => {
      reports += 1;
      if (reports % 2 === 1) return client.reportContent(...report);
      if (kill === 'after') await client.reportContent(...report);
      throw new Killed();
    },
  });
  const upload = one.blobs.uploads(lab.app, one.task.organisation);
  let uploads = 0;
  const dying: ContentTransfer = {
    spool,
    blobs: {
      putBlob: (file, signal) => {
        uploads += 1;
        return uploads % 70 === 0 ? Promise.reject(new Killed()) : upload.putBlob(file, signal);
      },
    },
  };
  let stored = 0;
  for (const [index, step] of (['before', 'after', 'upload', 'before', 'upload'] as const).entries()) {
    const killed = await one.run(step === 'upload' ? { transfer: dying } : { client: after(one.client, step) }).then(() => false, (error: unknown) => error);
    if (index === 0) expect(killed).not.toBe(false);
    expect(await spooled()).toBe(0);
    const now = (await stateOf(one)).stored ?? 0;
    expect(now).toBeGreaterThanOrEqual(stored);
    stored = now;
  }
  const missing = wanted - stored;
  one.asked.length = 0;
  await one.run();
  expect(one.asked.length).toBe(missing);
  expect(await archived(one)).toEqual(present(one));
  // Reported twice or stored by two attempts: one row for the same bytes.
  const { rows: [doubled] } = await sql<{ count: number }>`select count(*)::int as count from (select sha256 from content where org_id = ${one.task.organisation} group by 1 having count(*) > 1) x`.execute(lab.owner);
  expect(doubled).toEqual({ count: 0 });
});

test('an attempt that is aborted ends at once, leaves no file, and the next goes on', async () => {
  await using one = await world(80);
  const abort = new AbortController();
  const stuck: ContentTransfer = {
    spool,
    blobs: {
      putBlob: (_, signal) =>
        new Promise((_resolve, reject) => {
          if (signal.aborted) reject(signal.reason as Error);
          else signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
          abort.abort(new Error('cancelled'));
        }),
    },
  };
  await expect(one.run({ transfer: stuck, signal: abort.signal })).rejects.toThrow('cancelled');
  expect(await spooled()).toBe(0);
  await one.run();
  expect(await archived(one)).toEqual(present(one));
});

test('an attempt that lost its lease stores nothing', async () => {
  await using one = await world(40);
  let run: RunId | undefined;
  const overtaken: MailboxClient = {
    ...one.client,
    claim: (of, ...range) => one.client.claim((run = of), ...range),
    reportContent: async (claimed, report, signal) => {
      if (run !== undefined) await one.client.claim(run, { offset: 0, length: 1 }, signal);
      return one.client.reportContent(claimed, report, signal);
    },
  };
  expect(await one.run({ client: overtaken })).toEqual({ outcome: 'lease-lost' });
  expect(Object.keys(await stateOf(one))).toEqual(['wanted']);
});

test('an item whose content cannot be read is a problem, waits, and is read when its time has come', async () => {
  await using one = await world(40, false);
  await one.run();
  await sql`update definition set settings = ${JSON.stringify(replicationSettings({ withContent: true }))} where id = ${one.task.definition}`.execute(lab.owner);
  const corrupt = itemsOf(one.mailbox).find((item) => isKept(item));
  one.exchange.faults.inject({ kind: 'corrupt-item', uid: corrupt?.uid ?? 0 });
  expect(await one.run()).toEqual({ outcome: 'finished' });
  const wanted = present(one).length;
  expect(await stateOf(one)).toEqual({ stored: wanted - 1, unreadable: 1 });
  const problem = async () =>
    (await sql`select part, code, attempts, next_at > now() as waits, resolved_at is not null as resolved from item_problem where mailbox_id = ${one.kept.id}`.execute(lab.owner)).rows;
  expect(await problem()).toEqual([{ part: 'content', code: 'item.corrupt', attempts: 1, waits: true, resolved: false }]);
  one.asked.length = 0;
  await one.run();
  expect(one.asked).toEqual([]);
  const makeDue = () => sql`update item_problem set next_at = now() where mailbox_id = ${one.kept.id}`.execute(lab.owner);
  await makeDue();
  await one.run();
  expect(one.asked).toHaveLength(1);
  expect(await problem()).toMatchObject([{ attempts: 2, waits: true, resolved: false }]);
  one.exchange.faults.clear();
  await makeDue();
  await one.run();
  expect(await problem()).toMatchObject([{ resolved: true }]);
  expect(await archived(one)).toEqual(present(one));
});

test('an answer that breaks off costs its call only; an item at which the server always breaks off is that item’s problem', async () => {
  await using one = await world(40, false);
  await one.run();
  await sql`update definition set settings = ${JSON.stringify(replicationSettings({ withContent: true }))} where id = ${one.task.definition}`.execute(lab.owner);
  one.exchange.faults.inject({ kind: 'cut', afterBytes: 3000 }, { operation: 'GetItem' }, 1);
  await one.run();
  expect(one.exchange.faults.occurred('cut')).toBe(1);
  expect(await archived(one)).toEqual(present(one));
  expect((await sql`select from item_problem where mailbox_id = ${one.kept.id}`.execute(lab.owner)).rows).toEqual([]);
});

test('an item that changes while it is read has the content of its own state', async () => {
  await using one = await world(20, false);
  await one.run();
  await sql`update definition set settings = ${JSON.stringify(replicationSettings({ withContent: true }))} where id = ${one.task.definition}`.execute(lab.owner);
  const item = itemsOf(one.mailbox).find((each) => isKept(each) && each.itemClass === 'IPM.Note' && !each.isDraft);
  if (item === undefined) throw new Error('no item');
  let changed = false;
  const late: MailboxClient = {
    ...one.client,
    nextContent: async (...question) => {
      const work = await one.client.nextContent(...question);
      if (!changed) one.mailbox.changeItem(item.uid, { content: { ...item.content, subject: 'Changed meanwhile', text: 'Changed meanwhile' } });
      changed = true;
      return work;
    },
  };
  await one.run({ client: late });
  one.asked.length = 0;
  await one.run();
  // It came with the first reading.
  expect(one.asked).toEqual([]);
  expect(await archived(one)).toEqual(present(one));
  const { rows } = await sql<{ content_id: string | null }>`select content_id from former_version where mailbox_id = ${one.kept.id}`.execute(lab.owner);
  expect(rows).toEqual([{ content_id: null }]);
});

test('of a draft the newest content is kept and the last of each day', async () => {
  await using one = await world(30);
  await one.run();
  const [some] = itemsOf(one.mailbox);
  if (some === undefined) throw new Error('no item');
  const draft = one.mailbox.addItem(() => ({ ...some, sensitivity: 'Normal', isDraft: true, itemClass: 'IPM.Note', content: { ...some.content, text: 'v0' } }));
  const write = async (text: string) => {
    one.mailbox.changeItem(draft.uid, { content: { ...draft.content, text } });
    await one.run();
  };
  const nextDay = () => sql`update pass set opened_at = opened_at - interval '1 day' where mailbox_id = ${one.kept.id}`.execute(lab.owner);
  for (const [day, texts] of [['a1', 'a2', 'a3'], ['b1', 'b2'], ['c1', 'c2', 'c3']].entries()) {
    if (day > 0) await nextDay();
    for (const text of texts) await write(text);
  }
  const { rows: [item] } = await sql<{ id: ItemId }>`select id from item where mailbox_id = ${one.kept.id} order by id desc limit 1`.execute(lab.owner);
  const { rows } = await sql<{ digest: string | null }>`
    select encode(c.digest, 'hex') as digest from (
      select since_pass, content_id from former_version where mailbox_id = ${one.kept.id} and item_id = ${item?.id}
      union all select version_pass, content_id from item where mailbox_id = ${one.kept.id} and id = ${item?.id}) v
    left join content c on c.id = v.content_id order by since_pass`.execute(lab.owner);
  const digest = (text: string) => digestOfSample({ ...draft, content: { ...draft.content, text } });
  expect(rows.map((row) => row.digest)).toEqual([null, null, digest('a3'), null, digest('b2'), null, null, digest('c3')]);
});

describe('read back', () => {
  const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  const contents = ({ kept, task }: World) =>
    withOrganisation(lab.app, task.organisation, async (tx) => {
      const { rows } = await sql<{ id: ItemId }>`select id from item where mailbox_id = ${kept.id} and content_id is not null order by id`.execute(tx);
      const found: StoredContent[] = [];
      for (const { id } of rows) {
        const content = await findContent(tx, kept.id, id, { kind: 'live' });
        expect(await messageParts(tx, kept.id, id)).toEqual(content.parts);
        found.push(content);
      }
      return found;
    });
  /** Every message is its very bytes, every part is what its hash says. */
  const verify = async (one: World) => {
    for (const content of await contents(one)) {
      const message = await buffer(await openMessage(one.blobs, one.task.organisation, content));
      expect([sha256(message), message.length]).toEqual([content.sha256, content.bytes]);
      for (const { number, sha256: hash } of content.parts) expect(sha256(await buffer(await openPart(one.blobs, one.task.organisation, content, number)))).toBe(hash);
    }
  };
  const referred = async ({ task }: World) => (await sql<{ hash: string }>`select distinct encode(sha256, 'hex') as hash from referenced_blob where org_id = ${task.organisation}`.execute(lab.owner)).rows;
  const warnings: unknown[] = [];
  const logger = { warn: (...said: unknown[]) => void warnings.push(said) };
  const share = (one: World) => shareParts({ database: lab.app, blobs: one.blobs, logger }, new AbortController().signal);

  test('messages and parts are the bytes that were read; large files are stored once, and messages are the same as before', async () => {
    await using one = await world(150);
    const [some] = itemsOf(one.mailbox);
    if (some === undefined) throw new Error('no item');
    const size = 300_000;
    const file = { kind: 'file' as const, name: 'plan.pdf', contentType: 'application/pdf', size, bytes: () => fileBytes('pdf shared', size) };
    const inner = { ...some.content, attachments: [file] };
    for (const attachments of [[file], [file, { ...file, name: 'again.pdf' }], [{ kind: 'message' as const, name: 'm.eml', message: inner }, file]]) {
      one.mailbox.addItem(() => ({ ...some, sensitivity: 'Normal', content: { ...some.content, attachments } }));
    }
    await one.run();
    await verify(one);
    const before = await referred(one);
    await share(one);
    expect(warnings).toEqual([]);
    await verify(one);
    const shared = await contents(one);
    const cut = shared.filter(({ parts }) => parts.some((part) => part.cut !== null));
    expect(cut.length).toBeGreaterThan(3);
    // The file four times in three messages, and once inside of a message that is kept as it is.
    const plans = shared.flatMap(({ parts }) => parts.filter(({ name }) => name === 'plan.pdf' || name === 'again.pdf'));
    expect(plans.map((part) => [part.sha256, part.cut !== null])).toEqual(Array.from({ length: 4 }, () => [sha256(Buffer.concat([...fileBytes('pdf shared', size)])), true]));
    const stored = (hashes: readonly { readonly hash: string }[]) => hashes.reduce((sum, { hash }) => sum + (one.blobs.bytes.get(`${one.task.organisation}/${hash}`)?.length ?? Number.NaN), 0);
    expect(stored(await referred(one))).toBeLessThan(stored(before) - 3 * size);
    // Shared once, it is not looked at again.
    const hashes = one.blobs.bytes.size;
    await share(one);
    expect(one.blobs.bytes.size).toBe(hashes);
    // The same message read again is known, though its whole is not referred to any more.
    await one.run();
    await verify(one);
  });

  test('a sharing that is killed anywhere has changed nothing, and the next one finishes', async () => {
    await using one = await world(60);
    await one.run();
    for (let allowed = 0; ; allowed += 7) {
      let puts = 0;
      const dying = {
        get: one.blobs.get.bind(one.blobs),
        has: one.blobs.has.bind(one.blobs),
        put: (...args: Parameters<MemoryBlobs['put']>) => ((puts += 1) > allowed ? Promise.reject(new Killed()) : one.blobs.put(...args)),
      };
      await shareParts({ database: lab.app, blobs: dying, logger: { warn: () => undefined } }, new AbortController().signal);
      await verify(one);
      if (puts <= allowed) break;
    }
    const { rows: [left] } = await sql<{ count: number }>`select count(*)::int as count from content where org_id = ${one.task.organisation} and to_share`.execute(lab.owner);
    expect(left).toEqual({ count: 0 });
  });

  test('a message that is not the same when put together stays whole', async () => {
    await using one = await world(60);
    await one.run();
    await sql`update content_part set base64_at = base64_at + 4, base64_length = base64_length - 4
      where base64_at is not null and org_id = ${one.task.organisation}`.execute(lab.owner);
    await shareParts({ database: lab.app, blobs: one.blobs, logger: { warn: () => undefined } }, new AbortController().signal);
    expect((await contents(one)).filter(({ parts }) => parts.some((part) => part.cut !== null))).toEqual([]);
    await verify(one);
  });

  test('what has no content says why', async () => {
    await using one = await world(10, false);
    await one.run();
    const { rows: [item] } = await sql<{ id: ItemId }>`select id from item where mailbox_id = ${one.kept.id} and left_out is null limit 1`.execute(lab.owner);
    if (item === undefined) throw new Error('no item');
    await withOrganisation(lab.app, one.task.organisation, async (tx) => {
      await expect(findContent(tx, one.kept.id, item.id, { kind: 'live' })).rejects.toMatchObject({ code: 'content.not-stored' });
      expect(await messageParts(tx, one.kept.id, item.id)).toBeNull();
    });
  });
});

test('a large item costs no more memory than a small one', async () => {
  const size = 150 * 1024 * 1024;
  await using one = await world(5, false);
  await one.run();
  await sql`update definition set settings = ${JSON.stringify(replicationSettings({ withContent: true }))} where id = ${one.task.definition}`.execute(lab.owner);
  const [some] = itemsOf(one.mailbox);
  if (some === undefined) throw new Error('no item');
  const file = { kind: 'file' as const, name: 'large.bin', contentType: 'application/octet-stream', size, bytes: () => fileBytes('bin', size) };
  const content = { ...some.content, attachments: [file] };
  one.mailbox.addItem(() => ({ ...some, sensitivity: 'Normal', receivedAt: new Date('2026-11-24'), size, content }));
  let [arrived, mostHeld] = [0, 0];
  const counting: ContentTransfer = {
    spool: {
      take: async (mime, onBytes) => {
        const taken = await spool.take(mime, (count) => {
          arrived += count;
          mostHeld = Math.max(mostHeld, mime.readableLength + ('writableLength' in mime ? Number(mime.writableLength) : 0));
          onBytes(count);
        });
        return taken;
      },
      remove: (spooledFile) => spool.remove(spooledFile),
    },
    blobs: { putBlob: () => Promise.reject(new Killed()) },
  };
  await expect(one.run({ transfer: counting })).rejects.toThrow('does not know');
  expect(arrived).toBeGreaterThan(size * 1.3);
  expect(mostHeld).toBeLessThan(2 * 1024 * 1024);
  expect(await spooled()).toBe(0);
  // Nor where it is taken apart.
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const watched = function* () {
    for (const piece of writeMime(content)) {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      yield piece;
    }
  };
  const { parts } = await readMimeContent(Readable.from(watched(), { objectMode: false }));
  expect(parts.at(-1)).toMatchObject({ name: 'large.bin', bytes: size, base64: expect.anything() as unknown });
  expect(most).toBeLessThan(100 * 1024 * 1024);
}, 240_000);
