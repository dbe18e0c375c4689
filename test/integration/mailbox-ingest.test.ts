/** Mailboxes over the whole path but Temporal: site, ingest API over real sockets, archive; the sample Exchange counts its requests. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { ConnectionSources } from '../../src/activities/mailbox/connection-sources.ts';
import { processMailbox } from '../../src/activities/mailbox/process-mailbox.ts';
import { sweepMailboxes } from '../../src/activities/mailbox/sweep-mailboxes.ts';
import { withOrganisation } from '../../src/archive/database.ts';
import { findItemHistory } from '../../src/archive/item-history.ts';
import { createMailboxClient, type MailboxClient } from '../../src/client/mailbox-client.ts';
import { EwsSource } from '../../src/exchange/ews/ews-source.ts';
import type { SampleMailbox } from '../../src/sample/exchange/mailbox.ts';
import { type SampleExchange, startSampleExchange } from '../../src/sample/exchange/server.ts';
import { connectionCredentialInfo, openSealed, sealTo } from '../../src/security/seal.ts';
import { type FolderId, folderId, itemId, mailboxKey } from '../../src/shared/ids.ts';
import type { FolderPage } from '../../src/shared/mailbox.ts';
import type { MailboxClaim } from '../../src/shared/mailbox-contract.ts';
import { labApi, type LabApi, type LabSite } from '../lab/api.ts';
import { aMailbox, aTask, aTaskRun, noContent, type LabMailbox, type LabTask } from '../lab/mailboxes.ts';
import { itemsOf, pictureOfArchive, pictureOfSample, sampleMailbox } from '../lab/sample-mail.ts';

let api: LabApi;
let url: string;
let acme: Awaited<ReturnType<LabApi['organisation']>>;
let berlin: LabSite;
let exchange: SampleExchange;
let sample: SampleMailbox[];
let task: LabTask;
let mailboxes: LabMailbox[];
let sources: ConnectionSources;
const { signal } = new AbortController();
const password = 'not used anywhere else';

beforeAll(async () => {
  api = await labApi();
  acme = await api.organisation('acme');
  berlin = await acme.site('berlin');
  url = await api.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => api.close());

const clientOf = (site: Pick<LabSite, 'token'>): MailboxClient => createMailboxClient({ baseUrl: url, token: async () => site.token, patience: { outageMs: 0, throttledMs: 5000 } });

beforeEach(async () => {
  sample = ['ada', 'bob', 'eve'].map((name, index) => sampleMailbox(`${name}-${randomUUID()}@mail.example.test`, 40, index + 1));
  exchange = await startSampleExchange({ mailboxes: sample, accounts: { 'svc@mail.example.test': { password, impersonates: true } } });
  task = await aTask(api.lab.owner, { site: berlin.row, url: exchange.url });
  const info = connectionCredentialInfo(task.connection);
  const sealed = await sealTo(berlin.row.seal_public_key ?? Buffer.alloc(0), Buffer.from(password), info);
  const credential = await api.keyring.encrypt(task.organisation, 'secrets', sealed, info);
  await sql`update exchange_connection set credential = ${credential} where id = ${task.connection}`.execute(api.lab.owner);
  mailboxes = [];
  for (const { owner } of sample) mailboxes.push(await aMailbox(api.lab.owner, task, owner.address));
  sources = new ConnectionSources({
    client: clientOf(berlin),
    openCredential: async (given, connection) => (await openSealed(berlin.sealPrivateKey, given, connectionCredentialInfo(connection))).toString(),
    createSource: (settings, secret) => new EwsSource(settings, secret),
  });
});
afterEach(async () => {
  await sources.close();
  await exchange.close();
});

const work = (overrides: { readonly signal?: AbortSignal } = {}) => ({ client: clientOf(berlin), sources, signal, content: noContent, onPage: () => undefined, onBytes: () => undefined, ...overrides });
const newRun = () => aTaskRun(api.lab.owner, task, mailboxes);
const the = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('there is none');
  return value;
};
/** Everything is replicated. */
async function replicated() {
  const runId = await newRun();
  for (const ordinal of mailboxes.keys()) expect(await processMailbox(work(), { runId, ordinal })).toEqual({ outcome: 'finished' });
  return runId;
}
async function claimOne(ordinal = 0, site: Pick<LabSite, 'token'> = berlin): Promise<{ run: Awaited<ReturnType<typeof newRun>>; claim: MailboxClaim }> {
  const run = await newRun();
  return { run, claim: the((await clientOf(site).claim(run, { offset: ordinal, length: 1 }, signal)).mailboxes[0]) };
}
const states = async () => {
  const { rows } = await sql<{ state: string; code: string | null }>`
    select state, error ->> 'code' as code from task_mailbox where task_id = ${task.task} order by mailbox_id`.execute(api.lab.owner);
  return rows;
};

test('a sweep leaves first replications, which are then done one by one; a quiet sweep costs two requests a mailbox and no page', async () => {
  const runId = await newRun();
  expect(await sweepMailboxes(work(), { runId, offset: 0, length: 200 })).toEqual({ finished: 0, failed: 0, deferred: [0, 1, 2] });
  for (const ordinal of [0, 1, 2]) await processMailbox(work(), { runId, ordinal });
  expect(await states()).toEqual([0, 1, 2].map(() => ({ state: 'healthy', code: null })));
  for (const [index, kept] of mailboxes.entries()) {
    expect(await pictureOfArchive(api.lab.app, task.organisation, kept, { kind: 'live' })).toEqual(pictureOfSample(the(sample[index])));
  }
  const before = new Map(exchange.requests);
  const cursors = () => sql`select * from page_cursor where owner = any (${mailboxes.map(({ key }) => key)}::uuid[]) order by owner, scope`.execute(api.lab.owner).then(({ rows }) => rows);
  const cursorsBefore = await cursors();
  const quiet = await newRun();
  expect(await sweepMailboxes(work(), { runId: quiet, offset: 0, length: 200 })).toEqual({ finished: 3, failed: 0, deferred: [] });
  const asked = [...exchange.requests].flatMap(([operation, count]) => (count > (before.get(operation) ?? 0) ? [[operation, count - (before.get(operation) ?? 0)]] : []));
  expect(asked).toEqual([['SyncFolderHierarchy', 3], ['FindFolder', 3]]);
  expect(await cursors()).toEqual(cursorsBefore);
  const { rows } = await sql`select outcome from run_mailbox where run_id = ${quiet}`.execute(api.lab.owner);
  expect(rows).toEqual([{ outcome: 'quiet' }, { outcome: 'quiet' }, { outcome: 'quiet' }]);
  // A repeated attempt has nothing to do.
  expect(await sweepMailboxes(work(), { runId: quiet, offset: 0, length: 200 })).toEqual({ finished: 0, failed: 0, deferred: [] });
});

test('a sweep takes a few changes along', async () => {
  await replicated();
  const box = the(sample[1]);
  box.changeItem(the(itemsOf(box)[0]).uid, { categories: ['Stamped'] });
  box.addFolder({ parent: 2, name: 'New' });
  expect(await sweepMailboxes(work(), { runId: await newRun(), offset: 0, length: 3 })).toEqual({ finished: 3, failed: 0, deferred: [] });
  expect(await pictureOfArchive(api.lab.app, task.organisation, the(mailboxes[1]), { kind: 'live' })).toEqual(pictureOfSample(box));
});

test('a moved message stays the same one, with where it was', async () => {
  await replicated();
  const box = the(sample[0]);
  const item = the(itemsOf(box).find(({ folder, sensitivity }) => folder === 2 && sensitivity === 'Normal'));
  const idOf = async () => {
    const { rows: [row] } = await sql<{ id: string }>`
      select id from item where mailbox_id = ${the(mailboxes[0]).id} and search_key = ${item.searchKey} and folder_id is not null`.execute(api.lab.owner);
    return itemId(the(row).id);
  };
  const id = await idOf();
  const history = () => withOrganisation(api.lab.app, task.organisation, (tx) => findItemHistory(tx, the(mailboxes[0]).id, id, { kind: 'live' }));
  box.moveItem(item.uid, 3);
  await replicated();
  expect(await idOf()).toBe(id);
  const { placements, versions } = await history();
  expect(placements.map(({ opened, closed, reason }) => ({ opened, closed, reason }))).toEqual([
    { opened: 2, closed: null, reason: null },
    { opened: 1, closed: 2, reason: 'moved' },
  ]);
  expect(versions).toHaveLength(1);
  // Away for a whole pass, and back: recovered from the dumpster.
  const last = the(box.item(item.uid));
  box.deleteItem(item.uid);
  await replicated();
  await expect(history()).rejects.toThrow('such item');
  box.addItem(() => ({ ...last, folder: 2, categories: ['Back'] }));
  await replicated();
  expect(await idOf()).toBe(id);
  const after = await history();
  expect(after.placements.map(({ reason }) => reason)).toEqual([null, 'deleted', 'moved']);
  expect(after.shown.properties?.categories).toEqual(['Back']);
});

test('an item that cannot be read is named, asked for again when it is due, and then there', async () => {
  const box = the(sample[0]);
  const { uid } = the(itemsOf(box).find(({ folder, sensitivity }) => folder === 2 && sensitivity === 'Normal'));
  exchange.faults.inject({ kind: 'corrupt-item', uid }, { mailbox: box.owner.address });
  await replicated();
  const problem = async () => {
    const { rows } = await sql<{ code: string; attempts: number; waits: boolean; resolved: boolean }>`
      select code, attempts, next_at > now() as waits, resolved_at is not null as resolved from item_problem where mailbox_id = ${the(mailboxes[0]).id}`.execute(api.lab.owner);
    return rows;
  };
  expect(await problem()).toEqual([{ code: 'item.corrupt', attempts: 1, waits: true, resolved: false }]);
  const makeDue = () => sql`update item_problem set next_at = now() where mailbox_id = ${the(mailboxes[0]).id}`.execute(api.lab.owner);
  const before = exchange.requests.get('GetItem');
  await replicated();
  expect(exchange.requests.get('GetItem')).toBe(before);
  await makeDue();
  await replicated();
  expect(await problem()).toEqual([{ code: 'item.corrupt', attempts: 2, waits: true, resolved: false }]);
  exchange.faults.clear();
  await makeDue();
  await replicated();
  expect(await problem()).toMatchObject([{ resolved: true }]);
  expect(await pictureOfArchive(api.lab.app, task.organisation, the(mailboxes[0]), { kind: 'live' })).toEqual(pictureOfSample(box));
});

test('what the rules leave out is there when they are wider, without a reading from the beginning', async () => {
  const settings = { withContent: false, exclude: { inbox: true, sentItems: false, deletedItems: false }, rules: [{ action: 'exclude', itemClass: 'IPM.Contact' }] };
  await sql`update definition set settings = ${JSON.stringify(settings)} where id = ${task.definition}`.execute(api.lab.owner);
  await replicated();
  const box = the(sample[0]);
  expect(await pictureOfArchive(api.lab.app, task.organisation, the(mailboxes[0]), { kind: 'live' })).not.toEqual(pictureOfSample(box));
  const { rows: kept } = await sql`select from item where mailbox_id = ${the(mailboxes[0]).id} and left_out = 'folder' and properties <> '{}'`.execute(api.lab.owner);
  expect(kept).toEqual([]);
  const wide = { withContent: false, exclude: { inbox: false, sentItems: false, deletedItems: false }, rules: [] };
  await sql`update definition set settings = ${JSON.stringify(wide)} where id = ${task.definition}`.execute(api.lab.owner);
  const before = exchange.requests.get('SyncFolderItems');
  await replicated();
  expect(exchange.requests.get('SyncFolderItems')).toBe(before);
  expect(await pictureOfArchive(api.lab.app, task.organisation, the(mailboxes[0]), { kind: 'live' })).toEqual(pictureOfSample(box));
});

test('a folder that changes though its hint does not is found by the daily pass, and hints are not trusted any more', async () => {
  const { connection: elsewhere } = await aTask(api.lab.owner);
  await replicated();
  const { rows: [row] } = await sql<{ id: string; source_id: string }>`
    select id, source_id from folder where mailbox_id = ${the(mailboxes[0]).id} and well_known = 'inbox'`.execute(api.lab.owner);
  const box = the(sample[0]);
  box.changeItem(the(itemsOf(box).find(({ folder }) => folder === 2)).uid, { categories: ['Unseen'] });
  // As if the change had not shown: the stored hint is what the folder shows now.
  const source = new EwsSource({ type: 'ews', url: exchange.url, authentication: 'basic', account: 'svc@mail.example.test' }, password);
  const hints = await source.mailbox({ address: box.owner.address, guid: null }).folderHints(signal);
  await source.close();
  await sql`update folder set hint = ${the(hints.find(({ id }) => id === the(row).source_id)).hint} where id = ${the(row).id}`.execute(api.lab.owner);
  await replicated();
  expect(await pictureOfArchive(api.lab.app, task.organisation, the(mailboxes[0]), { kind: 'live' })).not.toEqual(pictureOfSample(box));
  await sql`update mailbox set verified_at = now() - interval '25 hours' where id = ${the(mailboxes[0]).id}`.execute(api.lab.owner);
  await replicated();
  expect(await pictureOfArchive(api.lab.app, task.organisation, the(mailboxes[0]), { kind: 'live' })).toEqual(pictureOfSample(box));
  const { rows } = await sql`select hints_trusted from exchange_connection where id = ${task.connection}`.execute(api.lab.owner);
  expect(rows).toEqual([{ hints_trusted: false }]);
  // Of no mailbox of this server, and of those of others still.
  const { mailboxes: claims } = await clientOf(berlin).claim(await newRun(), { offset: 0, length: 3 }, signal);
  expect(claims.map(({ trustHints }) => trustHints)).toEqual([false, false, false]);
  const { rows: other } = await sql`select hints_trusted from exchange_connection where id = ${elsewhere}`.execute(api.lab.owner);
  expect(other).toEqual([{ hints_trusted: true }]);
});

test('a mailbox that is gone is skipped, one that fails for now is left, others are done', async () => {
  await replicated();
  exchange.faults.inject({ kind: 'error', code: 'ErrorNonExistentMailbox' }, { mailbox: the(sample[0]).owner.address });
  exchange.faults.inject({ kind: 'busy', shape: 'fault', backOffMs: 100 }, { mailbox: the(sample[1]).owner.address });
  expect(await sweepMailboxes(work(), { runId: await newRun(), offset: 0, length: 3 })).toEqual({ finished: 1, failed: 1, deferred: [1] });
  expect(await states()).toEqual([{ state: 'skipped', code: 'ews.no-mailbox' }, { state: 'healthy', code: null }, { state: 'healthy', code: null }]);
});

test('a folder that fails is named and does not keep the others from being read', async () => {
  await replicated();
  const box = the(sample[0]);
  box.changeItem(the(itemsOf(box).find(({ folder }) => folder === 2)).uid, { categories: ['One'] });
  box.changeItem(the(itemsOf(box).find(({ folder }) => folder === 3)).uid, { categories: ['Two'] });
  exchange.faults.inject({ kind: 'malformed' }, { mailbox: box.owner.address, operation: 'SyncFolderItems' }, 1);
  await replicated();
  const errors = () => sql`select name, error ->> 'code' as code from folder where mailbox_id = ${the(mailboxes[0]).id} and error is not null`.execute(api.lab.owner).then(({ rows }) => rows);
  expect(await errors()).toEqual([{ name: 'Inbox', code: 'ews.answer-malformed' }]);
  await replicated();
  expect(await errors()).toEqual([]);
  expect(await pictureOfArchive(api.lab.app, task.organisation, the(mailboxes[0]), { kind: 'live' })).toEqual(pictureOfSample(box));
});

test('a later attempt takes the mailbox over, and the earlier one stops', async () => {
  const { run, claim: first } = await claimOne();
  const client = clientOf(berlin);
  const second = the((await client.claim(run, { offset: 0, length: 1 }, signal)).mailboxes[0]);
  expect(second.lease).not.toBe(first.lease);
  const lost = { class: 'CursorInvalid', code: 'mailbox.lease-lost' };
  const page = { folders: [], removed: [], state: 'c3RhdGU=', last: false };
  await expect(client.postHierarchy(first, first.hierarchy, page, signal)).rejects.toMatchObject(lost);
  await expect(client.restart(first, null, signal)).rejects.toMatchObject(lost);
  await expect(client.complete(first, { hints: [], failures: [], wrongHints: [], verified: true }, signal)).rejects.toMatchObject(lost);
  await expect(client.putResults(run, [{ ordinal: 0, lease: first.lease, outcome: { state: 'finished' } }], signal)).rejects.toMatchObject(lost);
  // In a batch only those count that are still held.
  const held = the((await client.claim(run, { offset: 1, length: 1 }, signal)).mailboxes[0]);
  await client.putResults(run, [{ ordinal: 0, lease: first.lease, outcome: { state: 'finished' } }, { ordinal: 1, lease: held.lease, outcome: { state: 'finished' } }], signal);
  expect((await states()).map(({ state }) => state)).toEqual(['pending', 'healthy', 'pending']);
  expect(await client.postHierarchy(second, second.hierarchy, page, signal)).toEqual({ outcome: 'applied', next: { epoch: 1, seq: 1 } });
  expect(await client.postHierarchy(second, second.hierarchy, page, signal)).toEqual({ outcome: 'already-applied', next: { epoch: 1, seq: 1 } });
  expect(await client.postHierarchy(second, { epoch: 1, seq: 5 }, page, signal)).toEqual({ outcome: 'stale', seq: 1 });
});

test('a site reaches mailboxes of its own runs only, and is told nothing of others', async () => {
  await replicated();
  const { run, claim } = await claimOne();
  const paris = await acme.site('paris');
  const tokyo = await (await api.organisation('globex')).site('tokyo');
  const page: FolderPage = { items: [], removed: [], read: [], problems: [], state: 'c3RhdGU=', last: true };
  const folder: FolderId = the(claim.folders[0]).folder;
  for (const site of [paris, tokyo]) {
    const client = clientOf(site);
    const absent = { code: 'not-found' };
    await expect(client.claim(run, { offset: 0, length: 1 }, signal)).rejects.toMatchObject(absent);
    await expect(client.postHierarchy(claim, claim.hierarchy, { folders: [], removed: [], state: 'eA==', last: false }, signal)).rejects.toMatchObject(absent);
    await expect(client.postFolder(claim, folder, the(claim.folders[0]).cursor, page, signal)).rejects.toMatchObject(absent);
    await expect(client.restart(claim, folder, signal)).rejects.toMatchObject(absent);
    await expect(client.complete(claim, { hints: [], failures: [], wrongHints: [], verified: false }, signal)).rejects.toMatchObject(absent);
    await expect(client.putResults(run, [{ ordinal: 0, lease: claim.lease, outcome: { state: 'finished' } }], signal)).rejects.toMatchObject(absent);
    await expect(client.connection(task.connection, signal)).rejects.toMatchObject(absent);
  }
  // Nor a folder of another mailbox of its own.
  const other = the((await clientOf(berlin).claim(run, { offset: 1, length: 1 }, signal)).mailboxes[0]);
  await expect(clientOf(berlin).postFolder(other, folder, { epoch: 2, seq: 0 }, page, signal)).rejects.toMatchObject({ code: 'mailbox.folder-gone' });
  await expect(clientOf(berlin).postFolder({ ...claim, mailbox: mailboxKey(randomUUID()) }, folderId('1'), { epoch: 1, seq: 0 }, page, signal)).rejects.toMatchObject({ code: 'not-found' });
});

test('what a site sends is checked', async () => {
  const { claim } = await claimOne();
  const send = (path: string, body: unknown) =>
    api.call(berlin.token, 'POST', `/site/v1/mailboxes/${claim.mailbox}/${path}`, body, { 'x-lockstep-lease': claim.lease, 'x-page-sha256': '0'.repeat(64) });
  expect(await send('hierarchy/1/0', { folders: [], removed: [], state: '', last: true })).toMatchObject({ status: 400 });
  expect(await send('hierarchy/1/0', { folders: [], removed: [], state: 'eA==', last: true })).toMatchObject({ status: 503, body: { code: 'page.hash-mismatch' } });
  expect(await send('folders/0/1/0', {})).toMatchObject({ status: 400 });
});

test('a reading that is cancelled ends within seconds', async () => {
  await replicated();
  exchange.faults.inject({ kind: 'hang' }, { mailbox: the(sample[0]).owner.address });
  const stop = new AbortController();
  const reading = processMailbox(work({ signal: stop.signal }), { runId: await newRun(), ordinal: 0 });
  const ended = expect(reading).rejects.toThrow('enough');
  while (exchange.faults.occurred('hang') === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  stop.abort(new Error('enough'));
  await ended;
});
