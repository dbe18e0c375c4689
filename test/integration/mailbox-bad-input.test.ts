/** Pages that no site should send: refused with a reason and without effect, or taken in the one way that loses nothing. */
import { createHash, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { sql } from 'kysely';
import { withOrganisation } from '../../src/archive/database.ts';
import { findFolderTree } from '../../src/archive/folder-tree.ts';
import { listItems } from '../../src/archive/item-list.ts';
import type { FolderId } from '../../src/shared/ids.ts';
import type { CursorState, FolderCursor, MailboxClaim } from '../../src/shared/mailbox-contract.ts';
import { labApi, type LabApi, type LabSite } from '../lab/api.ts';
import { aMailbox, aTask, aTaskRun, type LabMailbox, type LabTask } from '../lab/mailboxes.ts';

let api: LabApi;
let berlin: LabSite;
let task: LabTask;
beforeAll(async () => {
  api = await labApi();
  berlin = await (await api.organisation('acme')).site('berlin');
  task = await aTask(api.lab.owner, { site: berlin.row });
});
afterAll(() => api.close());

const the = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('there is none');
  return value;
};
const send = (claim: MailboxClaim, path: string, body: unknown) => {
  const text = JSON.stringify(body);
  return api.call(berlin.token, 'POST', `/site/v1/mailboxes/${claim.mailbox}/${path}`, body, {
    'x-lockstep-lease': claim.lease, 'x-page-sha256': createHash('sha256').update(text).digest('hex'),
  });
};
const folder = (id: string, overrides: object = {}) => ({ id, parentId: 'root', name: id, folderClass: 'IPF.Note', wellKnown: null, hidden: false, search: false, itemCount: 0, ...overrides });
const properties = {
  itemClass: 'IPM.Note', subject: 's', from: null, to: [], cc: [], bcc: [], sentAt: null, receivedAt: '2026-11-20T12:00:00Z', createdAt: null, modifiedAt: null, size: 10,
  sensitivity: 'normal', importance: 'normal', isRead: false, isDraft: false, hasAttachments: false, flag: 'none', categories: [], messageId: null, inReplyTo: null, conversationId: null,
};
const item = (id: string, overrides: object = {}) => ({ id, changeKey: 'c', searchKey: null, sourceKey: null, properties: { ...properties, ...overrides } });
const page = (overrides: object = {}) => ({ items: [], removed: [], read: [], problems: [], state: 'c3RhdGU=', last: true, ...overrides });
const hierarchy = (folders: readonly object[], overrides: object = {}) => ({ folders, removed: [], state: 'c3RhdGU=', last: true, ...overrides });

interface Box {
  readonly mailbox: LabMailbox;
  readonly claim: MailboxClaim;
  readonly folders: readonly FolderCursor[];
}
/** A new mailbox with these folders, held. */
async function aBox(folders: readonly object[] = [folder('inbox')]): Promise<Box> {
  const mailbox = await aMailbox(api.lab.owner, task, `${randomUUID()}@mail.example.test`);
  const run = await aTaskRun(api.lab.owner, task, [mailbox]);
  const { body } = await api.call(berlin.token, 'POST', `/site/v1/runs/${run}/mailboxes/claim`, { offset: 0, length: 1 });
  const claim = the((body as { mailboxes: MailboxClaim[] }).mailboxes[0]);
  const answer = await send(claim, `hierarchy/${claim.hierarchy.epoch}/0`, hierarchy(folders));
  expect(answer).toMatchObject({ status: 200, body: { outcome: 'applied' } });
  return { mailbox, claim, folders: (answer.body as { folders: FolderCursor[] }).folders };
}
const tree = ({ mailbox }: Box) => withOrganisation(api.lab.app, task.organisation, (tx) => findFolderTree(tx, mailbox.id, { kind: 'live' }));
const subjects = async ({ mailbox }: Box, of: FolderId) => {
  const list = await withOrganisation(api.lab.app, task.organisation, (tx) => listItems(tx, mailbox.id, { folder: of, view: { kind: 'live' }, limit: 1000 }));
  return new Map(list.items.map(({ sourceId, properties: { subject } }) => [sourceId, subject]));
};
const cursorOf = async ({ claim }: Box, of: FolderId): Promise<Pick<CursorState, 'epoch' | 'seq'>> => {
  const { rows: [row] } = await sql<{ epoch: string; seq: string }>`select epoch, seq from page_cursor where owner = ${claim.mailbox} and scope = ${`folder:${of}`}`.execute(api.lab.owner);
  return { epoch: Number(the(row).epoch), seq: Number(the(row).seq) };
};
const post = async (box: Box, of: FolderId, body: object) => {
  const { epoch, seq } = await cursorOf(box, of);
  return send(box.claim, `folders/${of}/${epoch}/${seq}`, body);
};

test.each<[string, object]>([
  ['an unknown sensitivity', page({ items: [item('a', { sensitivity: 'secret' })] })],
  ['an unknown flag', page({ items: [item('a', { flag: 'red' })] })],
  ['a negative size', page({ items: [item('a', { size: -1 })] })],
  ['a size that is no whole number', page({ items: [item('a', { size: 1.5 })] })],
  ['a size beyond numbers', page({ items: [item('a', { size: 1e300 })] })],
  ['no instant', page({ items: [item('a', { receivedAt: 'yesterday' })] })],
  ['a day that there is not', page({ items: [item('a', { receivedAt: '2026-02-29T00:00:00Z' })] })],
  ['the year 0', page({ items: [item('a', { sentAt: '0000-01-01T00:00:00Z' })] })],
  ['an empty id', page({ items: [item('')] })],
  ['an id without end', page({ removed: ['x'.repeat(2001)] })],
  ['too many changes', page({ removed: Array.from({ length: 5001 }, (_, n) => `i${n}`) })],
  ['a search key that is no base64', page({ items: [{ ...item('a'), searchKey: '!' }] })],
  ['no state', page({ state: '' })],
  ['no page', []],
])('%s is refused, and nothing is changed', async (_, body) => {
  const box = await aBox();
  const { folder: inbox } = the(box.folders[0]);
  await post(box, inbox, page({ items: [item('kept')] }));
  const before = await cursorOf(box, inbox);
  const answer = await post(box, inbox, body);
  expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
  expect([await cursorOf(box, inbox), [...(await subjects(box, inbox)).keys()]]).toEqual([before, ['kept']]);
  // The right one is taken all the same.
  expect(await post(box, inbox, page({ items: [item('b')] }))).toMatchObject({ status: 200, body: { outcome: 'applied' } });
});

test('a leap day is one', async () => {
  const box = await aBox();
  const { folder: inbox } = the(box.folders[0]);
  expect(await post(box, inbox, page({ items: [item('a', { receivedAt: '2024-02-29T23:59:59.999999Z' }), item('b', { receivedAt: '0001-01-01T00:00:00Z' }), item('c', { receivedAt: '9999-12-31T23:59:59Z' })] }))).toMatchObject({ status: 200 });
  expect((await subjects(box, inbox)).size).toBe(3);
});

test('a page that is too large is refused as that', async () => {
  const box = await aBox();
  const { folder: inbox } = the(box.folders[0]);
  const large = page({ items: Array.from({ length: 900 }, (_, n) => item(`i${n}`, { subject: 'x'.repeat(20_000) })) });
  expect(await post(box, inbox, large)).toMatchObject({ status: 413 });
  expect((await subjects(box, inbox)).size).toBe(0);
});

test('a folder, a cursor or a lease of another mailbox reaches nothing', async () => {
  const one = await aBox();
  const { rows: [run] } = await sql<{ run_id: string }>`select run_id from run_mailbox where mailbox_id = ${one.mailbox.id}`.execute(api.lab.owner);
  // Both in open runs: the second run of a task ends the first.
  const other = await aBox();
  await sql`update run set state = 'running', finished_at = null, task_scope = '{"full":false}' where id = ${the(run).run_id}`.execute(api.lab.owner);
  const [inbox, foreign] = [the(one.folders[0]).folder, the(other.folders[0]).folder];
  await post(other, foreign, page({ items: [item('theirs')] }));
  const { epoch, seq } = await cursorOf(other, foreign);
  expect(await send(one.claim, `folders/${foreign}/${epoch}/${seq}`, page({ removed: ['theirs'] }))).toMatchObject({ status: 409, body: { code: 'mailbox.folder-gone' } });
  expect(await send({ ...one.claim, lease: other.claim.lease }, `folders/${inbox}/1/0`, page({ items: [item('a')] }))).toMatchObject({ status: 409, body: { code: 'mailbox.lease-lost' } });
  expect(await send(one.claim, `folders/${inbox}/7/0`, page({ items: [item('a')] }))).toMatchObject({ status: 409, body: { code: 'cursor.unknown-epoch' } });
  expect(await send(one.claim, `folders/${inbox}/1/9`, page({ items: [item('a')] }))).toMatchObject({ status: 200, body: { outcome: 'stale', seq: 0 } });
  expect([(await subjects(one, inbox)).size, [...(await subjects(other, foreign)).keys()]]).toEqual([0, ['theirs']]);
});

test('folders that are their own parents, rings and deep chains are taken, and items in them are kept', async () => {
  const chain = Array.from({ length: 700 }, (_, n) => folder(`d${n}`, { parentId: n === 0 ? 'root' : `d${n - 1}` }));
  const box = await aBox([folder('self', { parentId: 'self' }), folder('a', { parentId: 'b' }), folder('b', { parentId: 'a' }), ...chain]);
  expect(box.folders).toHaveLength(703);
  for (const { folder: id, source } of [the(box.folders[0]), the(box.folders[1]), the(box.folders.at(-1))]) {
    expect(await post(box, id, page({ items: [item(`in ${source}`)] }))).toMatchObject({ status: 200 });
    expect([...(await subjects(box, id)).keys()]).toEqual([`in ${source}`]);
  }
  expect(await send(box.claim, 'complete', { hints: [], failures: [], wrongHints: [], verified: true })).toMatchObject({ status: 204 });
  expect((await tree(box)).folders).toHaveLength(703);
  // With one of them what is below goes, once.
  expect(await send(box.claim, 'hierarchy/2/0', hierarchy([], { removed: ['a', 'self', 'd0'] }))).toMatchObject({ status: 200, body: { folders: [] } });
});

test('10,000 folders come in one page', async () => {
  const box = await aBox(Array.from({ length: 10_000 }, (_, n) => folder(`f${n}`, { parentId: n < 100 ? 'root' : `f${n % 100}` })));
  expect(box.folders).toHaveLength(10_000);
  const { folder: last } = the(box.folders.at(-1));
  expect(await post(box, last, page({ items: [item('a')] }))).toMatchObject({ status: 200 });
});

test('names are text: slashes, dots, other cases, no characters at all, and characters that cannot be kept', async () => {
  const names = ['a/b', '..', '', ' ', 'inbox', 'INBOX', 'nul\0', 'half \ud83d', 'x'.repeat(20_000)];
  const box = await aBox(names.map((name, n) => folder(`f${n}`, { name })));
  const { folders } = await tree(box);
  expect(folders.map(({ name }) => name).toSorted()).toEqual(names.map((name) => name.replace('\0', '\ufffd').replace('\ud83d', '\ufffd')).toSorted());
});

test('a folder that a page names twice is what is said last, and one that is there is not removed', async () => {
  const box = await aBox([folder('one', { hidden: true }), folder('one', { name: 'One' }), folder('two'), folder('two', { search: true })]);
  expect((await tree(box)).folders.map(({ name }) => name)).toEqual(['One']);
  expect(await send(box.claim, 'hierarchy/2/0', hierarchy([folder('one', { name: 'Renamed' })], { removed: ['one'] }))).toMatchObject({ status: 200 });
  expect((await tree(box)).folders.map(({ name }) => name)).toEqual(['Renamed']);
});

test('whatever ids a page repeats, nothing that is there is lost and nothing is there twice', async () => {
  // Ids that differ in case only, and text that PostgreSQL does not take.
  const id = fc.constantFrom('A', 'a', 'Å', 'b\0', '\ud800', "'; drop table item; --", '\\x00', '9'.repeat(2000));
  const subject = fc.string({ unit: 'binary', maxLength: 20 });
  const body = fc.record({
    items: fc.array(fc.tuple(id, subject), { maxLength: 6 }),
    removed: fc.array(id, { maxLength: 4 }),
    read: fc.array(fc.tuple(id, fc.boolean()), { maxLength: 4 }),
    problems: fc.array(id, { maxLength: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(body, { minLength: 1, maxLength: 5 }), async (pages) => {
      const box = await aBox();
      const { folder: inbox } = the(box.folders[0]);
      const expected = new Map<string, string>();
      const kept = (text: string) => text.toWellFormed().replaceAll('\0', '\ufffd');
      for (const { items, removed, read, problems } of pages) {
        for (const [one, text] of items) expected.set(one, kept(text));
        const there = new Set([...items.map(([one]) => one), ...problems]);
        for (const one of removed) if (!there.has(one)) expected.delete(one);
        const answer = await post(box, inbox, page({
          items: items.map(([one, text]) => item(one, { subject: text })), removed, read: read.map(([one, isRead]) => ({ id: one, isRead })),
          problems: problems.map((one) => ({ id: one, code: 'item.corrupt', detail: 'nul \0' })),
        }));
        expect(answer).toMatchObject({ status: 200, body: { outcome: 'applied' } });
      }
      const found = await subjects(box, inbox);
      expect([...found].toSorted()).toEqual([...expected].map(([one, text]) => [kept(one), text]).toSorted());
    }),
    { numRuns: 25 },
  );
});
