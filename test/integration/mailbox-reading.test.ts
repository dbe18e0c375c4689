/** What was replicated, read back by API and command line: sample mailboxes after two passes, with what became of them meanwhile. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { ConnectionSources } from '../../src/activities/mailbox/connection-sources.ts';
import { processMailbox } from '../../src/activities/mailbox/process-mailbox.ts';
import type { FolderTree, ItemPage, Mailbox, MailboxSummary, Message, TaskMailbox, TaskStatus, UnreadableItem } from '../../src/api/schemas/mailboxes.ts';
import { createMailboxClient } from '../../src/client/mailbox-client.ts';
import { EwsSource } from '../../src/exchange/ews/ews-source.ts';
import type { SampleMailbox } from '../../src/sample/exchange/mailbox.ts';
import type { ItemRecord } from '../../src/sample/exchange/model.ts';
import { type SampleExchange, startSampleExchange } from '../../src/sample/exchange/server.ts';
import { connectionCredentialInfo, openSealed, sealTo } from '../../src/security/seal.ts';
import type { RunId } from '../../src/shared/ids.ts';
import type { FolderPage, ItemEntry, SourceFolderId, SourceItemId } from '../../src/shared/mailbox.ts';
import { type Answer, labApi, type LabApi, type LabOrganisation } from '../lab/api.ts';
import { type Cli, cli } from '../lab/cli.ts';
import { aMailbox, aTask, aTaskRun, noContent, type LabMailbox, type LabTask } from '../lab/mailboxes.ts';
import { itemsOf, sampleMailbox } from '../lab/sample-mail.ts';

let api: LabApi;
let acme: LabOrganisation;
let exchange: SampleExchange;
let sources: ConnectionSources;
let task: LabTask;
let shell: Cli;
const { signal } = new AbortController();
const password = 'not used anywhere else';
const names = ['ada', 'bob', 'eve', 'zoe'] as const;
const address = (name: (typeof names)[number]) => `${name}@mail.example.test`;
const [ada, bob, eve, zoe] = names.map((name, index) => sampleMailbox(address(name), 40, index + 1)) as [SampleMailbox, SampleMailbox, SampleMailbox, SampleMailbox];
let kept: LabMailbox[];
/** Between the first pass and the second. */
let between: string;
/** Before the first pass. */
let before: string;
/** Of ada's Inbox, as they were in the first pass. */
let moved: ItemRecord;
let deleted: ItemRecord;
let broken: ItemRecord;
let lastRun: RunId;

const the = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('there is none');
  return value;
};
const anItem = (id: string): ItemEntry => ({
  id: id as SourceItemId, changeKey: id, searchKey: null, sourceKey: null,
  properties: {
    itemClass: 'IPM.Note', subject: id, from: null, to: [], cc: [], bcc: [], sentAt: null, receivedAt: '2026-01-01T00:00:00Z', createdAt: null, modifiedAt: null, size: 1000,
    sensitivity: 'normal', importance: 'normal', isRead: true, isDraft: false, hasAttachments: false, flag: 'none', categories: [], messageId: null, inReplyTo: null, conversationId: null,
  },
});
const clock = async (): Promise<string> => {
  const { rows: [row] } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(api.lab.owner);
  // The next moment is another one, in milliseconds too.
  await sql`select pg_sleep(0.003)`.execute(api.lab.owner);
  return new Date(the(row).now.getTime() + 1).toISOString();
};

beforeAll(async () => {
  api = await labApi();
  acme = await api.organisation('acme');
  const berlin = await acme.site('berlin');
  const url = await api.app.listen({ host: '127.0.0.1', port: 0 });
  shell = await cli({ LOCKSTEP_URL: url, LOCKSTEP_TOKEN: acme.tokens.admin });
  exchange = await startSampleExchange({ mailboxes: [ada, bob, eve, zoe], accounts: { 'svc@mail.example.test': { password, impersonates: true } } });
  task = await aTask(api.lab.owner, { site: berlin.row, url: exchange.url });
  await sql`update task set name = 'staff' where id = ${task.task}`.execute(api.lab.owner);
  const info = connectionCredentialInfo(task.connection);
  const sealed = await sealTo(the(berlin.row.seal_public_key ?? undefined), Buffer.from(password), info);
  await sql`update exchange_connection set credential = ${await api.keyring.encrypt(task.organisation, 'secrets', sealed, info)} where id = ${task.connection}`.execute(api.lab.owner);
  kept = [];
  for (const name of names) kept.push(await aMailbox(api.lab.owner, task, address(name)));
  const client = createMailboxClient({ baseUrl: url, token: async () => berlin.token, patience: { outageMs: 0, throttledMs: 5000 } });
  sources = new ConnectionSources({
    client,
    openCredential: async (given, connection) => (await openSealed(berlin.sealPrivateKey, given, connectionCredentialInfo(connection))).toString(),
    createSource: (settings, secret) => new EwsSource(settings, secret),
  });
  // Zoe's turn never comes, but for the beginning of her first pass.
  const replicate = async () => {
    const runId = await aTaskRun(api.lab.owner, task, kept);
    for (const ordinal of [0, 1, 2]) await processMailbox({ client, sources, signal, content: noContent, onPage: () => undefined, onBytes: () => undefined }, { runId, ordinal });
    return runId;
  };
  before = await clock();
  ada.addFolder({ parent: 1, name: 'Old name' });
  await replicate();
  between = await clock();
  const inbox = itemsOf(ada).filter(({ folder, sensitivity, itemClass }) => folder === 2 && sensitivity === 'Normal' && itemClass === 'IPM.Note');
  [moved, deleted, broken] = [the(inbox[0]), the(inbox[1]), the(inbox[2])];
  const folder = the(ada.folders().find(({ name }) => name === 'Old name'));
  ada.changeFolder(folder.number, { name: 'New name' });
  ada.changeItem(moved.uid, { categories: ['Important'] });
  ada.moveItem(moved.uid, folder.number);
  ada.deleteItem(deleted.uid);
  bob.addFolder({ parent: 1, name: '=cmd|calc' });
  const risky = the(bob.folders().find(({ name }) => name === '=cmd|calc'));
  const another = the(itemsOf(bob).find(({ sensitivity }) => sensitivity === 'Normal'));
  bob.moveItem(another.uid, risky.number);
  exchange.faults.inject({ kind: 'corrupt-item', uid: broken.uid }, { mailbox: ada.owner.address });
  exchange.faults.inject({ kind: 'corrupt-item', uid: another.uid }, { mailbox: bob.owner.address });
  ada.changeItem(broken.uid, { categories: ['Broken'] });
  exchange.faults.inject({ kind: 'error', code: 'ErrorNonExistentMailbox' }, { mailbox: eve.owner.address });
  lastRun = await replicate();
  const claim = the((await client.claim(lastRun, { offset: 3, length: 1 }, signal)).mailboxes[0]);
  const folders = [{ id: 'inbox' as SourceFolderId, parentId: 'root' as SourceFolderId, name: 'Inbox', folderClass: 'IPF.Note', wellKnown: 'inbox' as const, hidden: false, search: false, itemCount: 2 }];
  const known = await client.postHierarchy(claim, claim.hierarchy, { folders, removed: [], state: 'eA==', last: true }, signal);
  const [first] = 'folders' in known ? (known.folders ?? []) : [];
  const page: FolderPage = { items: [anItem('one'), anItem('two')], removed: [], read: [], problems: [], state: 'eA==', last: false };
  await client.postFolder(claim, the(first).folder, { epoch: 1, seq: 0 }, page, signal);
  await sql`
    insert into task_skipped_member (task_id, position, org_id, name, address, reason)
    values (${task.task}, 0, ${task.organisation}, 'Ann Online', 'ann@mail.example.test', 'online'), (${task.task}, 1, ${task.organisation}, 'CN=Stranger', null, 'pending')`.execute(api.lab.owner);
  const other = await aTask(api.lab.owner, { site: berlin.row, url: exchange.url });
  await sql`update task set name = 'second' where id = ${other.task}`.execute(api.lab.owner);
  await sql`
    insert into task_mailbox (task_id, mailbox_id, org_id, state, error) values (${other.task}, ${the(kept[0]).id}, ${task.organisation}, 'duplicate',
      ${JSON.stringify({ class: 'ConfigInvalid', code: 'mailbox.duplicate', message: 'The task "staff" replicates this mailbox already.', next: 'Take it out.' })})`.execute(api.lab.owner);
});
afterAll(async () => {
  await sources.close();
  await exchange.close();
  await api.close();
});

async function get<T>(path: string, token: string = acme.tokens.admin): Promise<T> {
  const { status, body, text } = await api.call(token, 'GET', `/api/v1${path}`);
  if (status !== 200) throw new Error(`${status}: ${text}`);
  return body as T;
}
const refused = (path: string): Promise<Answer> => api.call(acme.tokens.admin, 'GET', `/api/v1${path}`);
const tree = (query = '', name: (typeof names)[number] = 'ada') => get<FolderTree>(`/mailboxes/${address(name)}/folders${query}`);
const folderNamed = ({ folders }: FolderTree, name: string) => the(folders.find((folder) => folder.name === name));
async function items(folder: string, query = '', name: (typeof names)[number] = 'ada'): Promise<ItemPage['items']> {
  const all: ItemPage['items'] = [];
  for (let after: string | null | undefined = undefined; after !== null; ) {
    const page: ItemPage = await get<ItemPage>(`/mailboxes/${address(name)}/folders/${folder}/items?limit=7&${query}${after === undefined ? '' : `&after=${after}`}`);
    expect(page.items.length).toBeLessThanOrEqual(7);
    all.push(...page.items);
    after = page.next;
  }
  return all;
}
const bySubject = (list: ItemPage['items'], item: ItemRecord) => list.find(({ messageId, subject }) => messageId === (item.content.messageId ?? null) && subject === item.content.subject);
const expectKept = (mailbox: SampleMailbox, folder: number) => [...mailbox.itemsBelow(folder)].filter(({ sensitivity }) => sensitivity !== 'Private' && sensitivity !== 'Personal').length;
async function done(...args: string[]) {
  const result = await shell.run(args);
  expect([result.stderr, result.code]).toEqual(['', 0]);
  return result;
}

describe('mailboxes', () => {
  test('are listed by address in pages, with what their tasks say', async () => {
    const first = await get<{ items: MailboxSummary[]; next: string }>('/mailboxes?limit=3', acme.tokens.read);
    const second = await get<{ items: MailboxSummary[]; next: null }>(`/mailboxes?limit=3&after=${encodeURIComponent(first.next)}`, acme.tokens.read);
    expect([...first.items, ...second.items].map((one) => [one.address, one.features[0]?.state])).toEqual([
      [address('ada'), 'healthy'],
      [address('bob'), 'healthy'],
      [address('eve'), 'skipped'],
      [address('zoe'), 'pending'],
    ]);
    expect(second.next).toBeNull();
    expect(first.items[0]).toMatchObject({ unreadable: 1, features: [{ task: 'staff', duplicateIn: ['second'] }] });
  });

  test('are found by the beginning of the address and by state', async () => {
    const found = async (query: string) => (await get<{ items: MailboxSummary[] }>(`/mailboxes?${query}`)).items.map((one) => one.address);
    expect(await found('search=EV')).toEqual([address('eve')]);
    expect(await found('search=mail')).toEqual([]);
    expect(await found('state=skipped')).toEqual([address('eve')]);
    expect(await found('state=duplicate')).toEqual([address('ada')]);
    expect(await found('state=attention')).toEqual([]);
    expect(await found('state=healthy&search=b')).toEqual([address('bob')]);
    expect(await refused('/mailboxes?after=x')).toMatchObject({ status: 422 });
    expect(await refused('/mailboxes?state=ill')).toMatchObject({ status: 400 });
  });

  test('one is shown by id and by address, with what the archive holds of it', async () => {
    const shown = await get<Mailbox>(`/mailboxes/${address('ada').toUpperCase()}`, acme.tokens.read);
    expect(await get<Mailbox>(`/mailboxes/${shown.id}`)).toMatchObject({ address: address('ada') });
    const { folders } = await tree();
    const sizes = (await Promise.all(folders.map(({ id }) => items(id)))).flat();
    expect(shown).toMatchObject({
      complete: true,
      completedPass: 2,
      folders: folders.length,
      items: sizes.length,
      bytes: sizes.reduce((sum, { size }) => sum + size, 0),
      leftOut: folders.reduce((sum, { leftOut }) => sum + leftOut, 0),
      unreadable: 1,
      connection: { site: 'berlin' },
      features: [{ feature: 'folder-replication', state: 'healthy', error: null, task: 'staff', duplicateIn: ['second'], lastRun: { id: lastRun } }],
    });
    expect(shown.items).toBeGreaterThan(20);
    const [feature] = shown.features;
    expect(Date.parse(feature?.firstDoneAt ?? '')).toBeLessThan(Date.parse(feature?.lastSuccessAt ?? ''));
    expect(feature?.lagSeconds).toBeGreaterThanOrEqual(0);
  });

  test('one that is skipped says why, and what to do', async () => {
    const { features, complete } = await get<Mailbox>(`/mailboxes/${address('eve')}`);
    expect(features).toMatchObject([{ state: 'skipped', error: { code: 'ews.no-mailbox', next: expect.stringMatching(/\w/) as string } }]);
    // What was read of it stays.
    expect(complete).toBe(true);
  });

  test('one that nobody has is not found', async () => {
    expect(await refused('/mailboxes/%00@x')).toMatchObject({ status: 400 });
    expect(await refused('/mailboxes?after=1:%00')).toMatchObject({ status: 400 });
    for (const reference of ['nobody@mail.example.test', randomUUID(), 'ada']) expect(await refused(`/mailboxes/${reference}`)).toMatchObject({ status: 404 });
  });

  test('of two that had an address over time the one is meant that a task works on', async () => {
    const insert = (guid: string) => sql`
      insert into mailbox (org_id, address, display_name, recipient_type, exchange_guid)
      values (${task.organisation}, ${address('bob')}, 'Former', 'user-mailbox', ${guid})`.execute(api.lab.owner);
    await insert(randomUUID());
    expect(await get<Mailbox>(`/mailboxes/${address('bob')}`)).toMatchObject({ features: [{ state: 'healthy' }] });
    const { rows: [owner] } = await sql<{ mailbox_id: string }>`delete from mailbox_owner where mailbox_id = ${the(kept[1]).id} returning mailbox_id`.execute(api.lab.owner);
    expect(await refused(`/mailboxes/${address('bob')}`)).toMatchObject({ status: 409, body: { code: 'mailbox.address-ambiguous' } });
    await sql`insert into mailbox_owner (mailbox_id, feature, org_id, task_id) values (${the(owner).mailbox_id}, 'folder-replication', ${task.organisation}, ${task.task})`.execute(api.lab.owner);
    await sql`delete from mailbox where display_name = 'Former'`.execute(api.lab.owner);
  });

  test('one is found by another address of its owner', async () => {
    const { rows: [site] } = await sql<{ id: string }>`select id from site where name = 'berlin'`.execute(api.lab.owner);
    const integration = randomUUID();
    await sql`insert into directory_integration (id, org_id, site_id, name, settings) values (${integration}, ${task.organisation}, ${the(site).id}, 'hq', '{}')`.execute(api.lab.owner);
    const { rows: [object] } = await sql<{ id: string }>`
      insert into directory_object (org_id, integration_id, guid, kind, recipient_type, dn, dn_key, rdn, display_name, sort_key, account_disabled, in_scope, listed, attributes, content_hash)
      values (${task.organisation}, ${integration}, gen_random_uuid(), 'user', 'user-mailbox', 'CN=Ada', '\\x01', 'CN=Ada', 'Ada', 'ada', false, true, true, '{}', '\\x00') returning id`.execute(api.lab.owner);
    await sql`insert into directory_address (org_id, object_id, address, is_primary) values (${task.organisation}, ${the(object).id}, 'lovelace@mail.example.test', false)`.execute(api.lab.owner);
    await sql`update mailbox set object_id = ${the(object).id} where id = ${the(kept[0]).id}`.execute(api.lab.owner);
    expect(await get<Mailbox>('/mailboxes/Lovelace@mail.example.test')).toMatchObject({ address: address('ada') });
  });
});

describe('views', () => {
  test('live is what the mailbox holds now', async () => {
    const live = await tree();
    expect(live.at).toMatchObject({ pass: 2, complete: true, full: false });
    const inbox = the(live.folders.find(({ wellKnown }) => wellKnown === 'inbox'));
    // The one that cannot be read is kept as it was.
    expect(inbox.items).toBe(expectKept(ada, 2));
    const listed = await items(inbox.id);
    expect(listed).toHaveLength(inbox.items);
    expect(bySubject(listed, moved)).toBeUndefined();
    expect(bySubject(listed, deleted)).toBeUndefined();
    const times = listed.map((item) => item.receivedAt ?? item.createdAt ?? '');
    expect(times).toEqual(times.toSorted().toReversed());
    const renamed = folderNamed(live, 'New name');
    expect(renamed).toMatchObject({ items: 1, parent: null });
    expect(bySubject(await items(renamed.id), moved)).toMatchObject({ categories: ['Important'] });
  });

  test('a moment of the past is answered by the pass that was complete then', async () => {
    const query = `at=${encodeURIComponent(between)}`;
    const then = await tree(`?${query}`);
    expect(then.at).toMatchObject({ pass: 1, complete: true });
    expect(folderNamed(then, 'Old name').items).toBe(0);
    const inbox = the(then.folders.find(({ wellKnown }) => wellKnown === 'inbox'));
    const listed = await items(inbox.id, query);
    expect(listed).toHaveLength(inbox.items);
    expect(bySubject(listed, moved)).toMatchObject({ categories: moved.categories });
    expect(bySubject(listed, deleted)).toBeDefined();
  });

  test('before the first pass there is nothing, and that is said', async () => {
    expect(await tree(`?at=${encodeURIComponent(before)}`)).toEqual({ at: { pass: 0, complete: false, completedAt: null, full: false }, folders: [] });
  });

  test('full shows what is gone, too', async () => {
    const full = await tree('?full=true');
    const inbox = the(full.folders.find(({ wellKnown }) => wellKnown === 'inbox'));
    const listed = await items(inbox.id, 'full=true');
    expect(listed).toHaveLength(inbox.items);
    expect(bySubject(listed, deleted)).toBeDefined();
    expect(bySubject(listed, moved)).toMatchObject({ categories: ['Important'] });
  });

  test('the first pass shows what it brought so far, marked incomplete', async () => {
    const partial = await tree('', 'zoe');
    expect(partial.at).toMatchObject({ pass: 1, complete: false, completedAt: null });
    const mailbox = await get<Mailbox>(`/mailboxes/${address('zoe')}`);
    expect(mailbox).toMatchObject({ complete: false, completedPass: 0, completedAt: null, folders: partial.folders.length, work: [{ task: 'staff', state: 'reading' }], features: [{ state: 'pending', firstDoneAt: null, lagSeconds: null }] });
    expect(mailbox.items).toBe(partial.folders.reduce((sum, folder) => sum + folder.items, 0));
    expect(mailbox).toMatchObject({ items: 2, bytes: 2000 });
  });

  test.each([
    ['?at=2999-01-01T00:00:00Z', 422],
    ['?at=2026-02-31T99:00:00Z', 422],
    ['?at=yesterday', 400],
    ['?full=true&at=2026-01-01T00:00:00Z', 422],
    ['?whole=true', 400],
  ])('%s is refused', async (query, status) => {
    expect(await refused(`/mailboxes/${address('ada')}/folders${query}`)).toMatchObject({ status });
  });

  test('folders and items of other mailboxes are not found', async () => {
    const bobs = the((await tree('', 'bob')).folders[0]).id;
    for (const folder of [bobs, '9223372036854775807', '9999999999999999999']) {
      expect(await refused(`/mailboxes/${address('ada')}/folders/${folder}/items`)).toMatchObject({ status: 404 });
    }
    const item = the((await items(the((await tree('', 'bob')).folders.find((folder) => folder.items > 0)).id, '', 'bob'))[0]).id;
    for (const id of [item, '9999999999999999999']) expect(await refused(`/mailboxes/${address('ada')}/items/${id}`)).toMatchObject({ status: 404 });
    expect(await refused(`/mailboxes/${address('ada')}/folders/${the((await tree()).folders[0]).id}/items?after=x`)).toMatchObject({ status: 422 });
  });
});

describe('a message', () => {
  const message = async (item: ItemRecord, query = '') => {
    const full = await tree('?full=true');
    const lists = await Promise.all(full.folders.map(({ id }) => items(id, 'full=true')));
    const { id } = the(bySubject(lists.flat(), item));
    return { id, answer: await api.call(acme.tokens.admin, 'GET', `/api/v1/mailboxes/${address('ada')}/items/${id}${query}`) };
  };

  test('is shown with what it was and where it was', async () => {
    const { answer } = await message(moved);
    const shown = answer.body as Message;
    expect(shown).toMatchObject({
      at: { pass: 2, complete: true },
      subject: moved.content.subject,
      from: { address: moved.content.from?.address },
      categories: ['Important'],
      versions: [{ since: { pass: 2 }, until: null, leftOut: null }, { since: { pass: 1 }, until: { pass: 2 }, properties: { categories: [...moved.categories] } }],
      placements: [
        { path: ['New name'], since: { pass: 2 }, until: null, reason: null },
        { path: ['Inbox'], since: { pass: 1 }, until: { pass: 2 }, reason: 'moved' },
      ],
    });
    const [now, then] = shown.placements;
    expect(now?.since.at).toBe(then?.until?.at);
    expect(now?.since.at).toBe(shown.at.completedAt);
    expect(Date.parse(then?.since.at ?? '')).toBeLessThan(Date.parse(between));
  });

  test('of the past knows nothing of what came later', async () => {
    const { answer } = await message(moved, `?at=${encodeURIComponent(between)}`);
    expect(answer.body).toMatchObject({ categories: [...moved.categories], versions: [{ until: null }], placements: [{ until: null, reason: null }] });
  });

  test('that was deleted stays, at its last folder', async () => {
    expect((await message(deleted)).answer.status).toBe(404);
    const { answer } = await message(deleted, '?full=true');
    expect(answer.body).toMatchObject({ subject: deleted.content.subject, placements: [{ path: ['Inbox'], until: { pass: 2 }, reason: 'deleted' }] });
  });
});

describe('items that cannot be read', () => {
  test('are listed of one mailbox, of a task and of the organisation, in pages', async () => {
    const list = (query: string) => get<{ items: UnreadableItem[]; next: string | null }>(`/unreadable-items?${query}`);
    const all = await list('');
    expect(all.items.map((item) => [item.address, item.path.join('/'), item.code, item.attempts])).toEqual([
      [address('ada'), 'Inbox', 'item.corrupt', 1],
      [address('bob'), '=cmd|calc', 'item.corrupt', 1],
    ]);
    const [first] = all.items;
    expect(Date.parse(first?.nextAt ?? '')).toBeGreaterThan(Date.parse(first?.firstSeenAt ?? ''));
    expect(await list(`mailbox=${address('bob')}`)).toEqual({ items: [all.items[1]], next: null });
    expect(await list('task=staff')).toEqual(all);
    expect(await list('task=second')).toEqual({ items: [], next: null });
    for (const filter of ['', 'task=staff&']) {
      const page = await list(`${filter}limit=1`);
      expect(page.items).toEqual([all.items[0]]);
      expect(await list(`${filter}limit=1&after=${page.next ?? ''}`)).toEqual({ items: [all.items[1]], next: null });
    }
    expect(await refused('/unreadable-items?task=nothing')).toMatchObject({ status: 404 });
    expect(await refused('/unreadable-items?after=1')).toMatchObject({ status: 422 });
    expect(await refused(`/unreadable-items?task=staff&mailbox=${address('ada')}`)).toMatchObject({ status: 422 });
  });

  test('that came right, or are gone, are not listed', async () => {
    await sql`update item_problem set resolved_at = now() where mailbox_id = ${the(kept[1]).id}`.execute(api.lab.owner);
    expect((await get<{ items: UnreadableItem[] }>('/unreadable-items')).items.map((item) => item.address)).toEqual([address('ada')]);
    await sql`update item_problem set resolved_at = null where mailbox_id = ${the(kept[1]).id}`.execute(api.lab.owner);
  });
});

describe('a task', () => {
  test('says how it fares', async () => {
    const status = await get<TaskStatus>('/tasks/staff/status', acme.tokens.read);
    const mailboxes = (await get<{ items: MailboxSummary[] }>('/mailboxes')).items;
    const sum = (of: (mailbox: MailboxSummary) => number) => mailboxes.reduce((total, mailbox) => total + of(mailbox), 0);
    expect(status).toMatchObject({
      task: 'staff',
      mailboxes: { pending: 1, healthy: 2, duplicate: 0, skipped: 3, attention: 0 },
      firstOutstanding: 1,
      items: sum(({ items: count }) => count),
      bytes: sum(({ bytes }) => bytes),
      unreadable: 2,
      lastRun: { id: lastRun, task: 'staff' },
      nextRunAt: null,
    });
    const successes = mailboxes.flatMap(({ features }) => features.filter(({ state }) => state === 'healthy').map(({ lastSuccessAt }) => lastSuccessAt ?? ''));
    expect(status.oldestSuccessAt).toBe(successes.toSorted()[0]);
    expect(status.lagSeconds).toBeGreaterThanOrEqual(0);
    // Of the one that is the other's nothing counts.
    expect(await get<TaskStatus>('/tasks/second/status')).toMatchObject({ mailboxes: { duplicate: 1 }, items: 0, unreadable: 0, firstOutstanding: 0, oldestSuccessAt: null, lagSeconds: null, lastRun: null });
  });

  test('lists its mailboxes, and members of its group without one, in pages', async () => {
    const listed = async (query: string) => {
      const all: TaskMailbox[] = [];
      for (let after: string | null | undefined = undefined; after !== null; ) {
        const page: { items: TaskMailbox[]; next: string | null } = await get(`/tasks/staff/mailboxes?limit=2${query}${after === undefined ? '' : `&after=${after}`}`, acme.tokens.read);
        all.push(...page.items);
        after = page.next;
      }
      return all.map((one) => [one.address ?? one.displayName, one.state, one.error?.code ?? null]);
    };
    const skipped = [
      [address('eve'), 'skipped', 'ews.no-mailbox'],
      ['ann@mail.example.test', 'skipped', 'member.online'],
      ['CN=Stranger', 'skipped', 'member.pending'],
    ];
    expect(await listed('&state=skipped')).toEqual(skipped);
    expect(await listed('&state=pending')).toEqual([[address('zoe'), 'pending', null]]);
    expect(await listed('')).toEqual([[address('ada'), 'healthy', null], [address('bob'), 'healthy', null], skipped[0], [address('zoe'), 'pending', null], skipped[1], skipped[2]]);
    expect(await refused('/tasks/staff/mailboxes?after=member:x')).toMatchObject({ status: 422 });
  });
});

test('what is in mailboxes is for the administrator alone', async () => {
  for (const path of [`/mailboxes/${address('ada')}/folders`, `/mailboxes/${address('ada')}/folders/1/items`, `/mailboxes/${address('ada')}/items/1`, '/unreadable-items']) {
    expect(await api.call(acme.tokens.operate, 'GET', `/api/v1${path}`)).toMatchObject({ status: 403 });
  }
});

test('no address and no subject is in the log', () => {
  const written = api.log.join('\n');
  expect(written).not.toContain('@mail.example.test');
  expect(written).not.toContain(moved.content.subject);
});

describe('the command line', () => {
  test('lists mailboxes, and the items of a folder', async () => {
    const { stdout } = await done('mailbox', 'list');
    expect(stdout).toMatch(/^ADDRESS +NAME +STATE +TASK +LAST SUCCESS +ITEMS +SIZE +UNREADABLE +WHY$/m);
    expect(stdout).toMatch(/^eve@mail\.example\.test .* skipped +staff /m);
    expect((await done('mailbox', 'list', '--state', 'skipped', '--json')).json()).toMatchObject({ items: [{ address: address('eve') }] });
    const inbox = await done('mailbox', 'list', address('ada'));
    expect(inbox.stdout).toMatch(/^As of pass 2, complete \d{4}-\d\d-\d\d \d\d:\d\d:\d\d CE?S?T\.$/m);
    expect(inbox.stdout.trim().split('\n')).toHaveLength(3 + expectKept(ada, 2));
    const then = (await done('mailbox', 'list', address('ada'), 'inbox', '--at', between, '--json')).json();
    expect(then).toMatchObject({ at: { pass: 1 }, next: null });
    expect((await done('mailbox', 'list', address('ada'), 'new NAME', '--json')).json()).toMatchObject({ items: [{ categories: ['Important'] }] });
  });

  test('shows folders as a tree, and says what is incomplete', async () => {
    const { stdout } = await done('mailbox', 'tree', address('ada'), '--full');
    expect(stdout).toContain('Everything that was ever there, up to pass 2');
    expect(stdout).toMatch(/^Inbox +\d+/m);
    expect((await done('mailbox', 'tree', address('zoe'))).stdout).toContain('Incomplete: the first pass');
    expect((await done('mailbox', 'tree', address('ada'), '--at', before)).stdout).toContain('No folders.');
    expect((await done('mailbox', 'tree', address('ada'), '--json')).json()).toEqual(await tree());
  });

  test('shows how a mailbox and a task fare', async () => {
    const { stdout } = await done('mailbox', 'status', address('ada'));
    expect(stdout).toMatch(/^state +healthy$/m);
    expect(stdout).toMatch(/^duplicate in +second$/m);
    expect(stdout).toMatch(/^behind +\d/m);
    expect(stdout).toMatch(/^unreadable +1 item/m);
    expect((await done('mailbox', 'status', address('zoe'))).stdout).toMatch(/^archive +first replication not complete/m);
    const eves = (await done('mailbox', 'status', address('eve'))).stdout;
    expect(eves).toMatch(/^reason .*\(ews\.no-mailbox\)$/m);
    expect(eves).toMatch(/^next step +\w/m);
    const status = await done('task', 'status', 'staff');
    expect(status.stdout).toMatch(/^mailboxes +1 pending$/m);
    expect(status.stdout).toMatch(/^skipped +ann@mail\.example\.test .*member\.online/m);
    expect((await done('task', 'status', 'staff', '--json')).json()).toMatchObject({ status: { unreadable: 2 }, attention: { items: [] }, skipped: { items: [{}, {}, {}], next: null } });
  });

  test('shows a message', async () => {
    const page = (await done('mailbox', 'list', address('ada'), 'New name', '--json')).json() as ItemPage;
    const { id } = the(page.items[0]);
    const { stdout } = await done('message', 'show', address('ada'), id);
    expect(stdout).toMatch(/^folder +New name$/m);
    expect(stdout).toMatch(/Inbox: from pass 1, .* until pass 2, .* \(moved\)$/m);
    expect(stdout).toMatch(/^What it was +from pass 2, .*: categories: .+ → Important$/m);
    expect((await done('message', 'show', address('ada'), id, '--json')).json()).toMatchObject({ id });
  });

  test('exports items that cannot be read, and no formula into a spreadsheet', async () => {
    const { stdout } = await done('mailbox', 'unreadable', '--task', 'staff', '--csv');
    const [title, first, second] = stdout.split('\r\n');
    expect(title).toBe('address,path,sourceId,code,detail,attempts,firstSeenAt,lastSeenAt,nextAt,mailbox,folder');
    expect(first).toMatch(/^ada@mail\.example\.test,Inbox,/);
    expect(second).toContain(",'=cmd|calc,");
    expect((await done('mailbox', 'unreadable', '--json')).json()).toEqual(await get('/unreadable-items'));
    expect((await done('mailbox', 'unreadable', address('ada'))).stdout).toContain('item.corrupt');
    expect((await done('mailbox', 'unreadable', address('zoe'))).stdout).toBe('Every item could be read.\n');
  });

  test.each([
    [['mailbox', 'list', '--full'], 2, 'say in which'],
    [['mailbox', 'list', 'ada@mail.example.test', '--state', 'healthy'], 2, 'leave the mailbox out'],
    [['mailbox', 'tree', 'ada@mail.example.test', '--full', '--at', '2026-11-01'], 2, '--at'],
    [['mailbox', 'tree', 'adaa@mail.example.test'], 6, 'ada@mail.example.test'],
    [['mailbox', 'list', 'ada@mail.example.test', 'Inbx'], 6, 'Did you mean Inbox?'],
    [['mailbox', 'unreadable', 'ada@mail.example.test', '--task', 'staff'], 2, 'not both'],
    [['mailbox', 'unreadable', '--csv', '--json'], 2, '--csv'],
    [['message', 'show', 'ada@mail.example.test', '9223372036854775807'], 6, 'item'],
    [['task', 'status', 'staf'], 6, 'staff'],
  ])('%j is refused', async (args, code, says) => {
    const result = await shell.run(args);
    expect([result.code, result.stderr + result.stdout]).toEqual([code, expect.stringContaining(says)]);
  });
});
