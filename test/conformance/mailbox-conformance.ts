/** What every adapter of the port `Mailbox` does, on every server. Works in a folder of its own, which it removes again. */
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { ContentOutcome, Mailbox } from '../../src/exchange/mailbox.ts';
import { LockstepError } from '../../src/shared/errors.ts';
import type { FolderEntry, ItemEntry, SourceFolderId, SourceItemId } from '../../src/shared/mailbox.ts';
import type { MailboxTarget } from './mailbox-target.ts';

const signal = new AbortController().signal;
const encoded = (subject: string) => (/^[ -~]*$/.test(subject) ? subject : `=?utf-8?B?${Buffer.from(subject).toString('base64')}?=`);
const message = (subject: string, id: string): string =>
  'From: "Ada Example" <ada@brightwater.example>\r\nTo: bob@brightwater.example\r\nDate: Tue, 03 Nov 2026 09:30:00 +0000\r\n' +
  `Subject: ${encoded(subject)}\r\nMessage-ID: <${id}@brightwater.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nText of ${subject}.\r\n`;
const text = async (mime: Readable): Promise<string> => {
  const pieces: Buffer[] = [];
  for await (const piece of mime) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
};

interface FolderRead {
  readonly items: ItemEntry[];
  readonly removed: SourceItemId[];
  readonly read: { readonly id: SourceItemId; readonly isRead: boolean }[];
  state: string;
}

export function mailboxConformance(open: () => Promise<MailboxTarget>): void {
  let target: MailboxTarget;
  let mailbox: Mailbox;
  let folder: SourceFolderId;

  beforeAll(async () => {
    target = await open();
    mailbox = target.source.mailbox({ address: target.address, guid: null });
    folder = (await target.editor.createFolder('inbox', `Lockstep conformance ${randomUUID()}`)) as SourceFolderId;
  });
  afterAll(async () => {
    await target.editor.deleteFolder(folder);
    await target.close();
  });

  async function hierarchy(state: string | null) {
    const read = { folders: [] as FolderEntry[], removed: [] as SourceFolderId[], state: '' };
    for await (const page of mailbox.syncHierarchy(state, signal)) {
      read.folders.push(...page.folders);
      read.removed.push(...page.removed);
      read.state = page.state;
    }
    return read;
  }
  async function items(of: SourceFolderId, state: string | null): Promise<FolderRead> {
    const read: FolderRead = { items: [], removed: [], read: [], state: '' };
    for await (const page of mailbox.syncFolder(of, state, signal)) {
      read.items.push(...page.items);
      read.removed.push(...page.removed);
      read.read.push(...page.read);
      read.state = page.state;
    }
    return read;
  }
  const failure = async (work: Promise<unknown>): Promise<LockstepError> => {
    const error = await work.then(() => undefined, (reason: unknown) => reason);
    if (error instanceof LockstepError) return error;
    throw new Error(`expected a LockstepError, got ${String(error)}`);
  };
  const made = async (subject: string, id: string = randomUUID(), into: string = folder) => (await target.editor.createMessage(into, message(subject, id))) as SourceItemId;

  test('the folders are all there at once, each once, the default ones by names that no language changes', async () => {
    const { folders } = await hierarchy(null);
    expect(new Set(folders.map(({ id }) => id)).size).toBe(folders.length);
    for (const known of ['inbox', 'sentitems', 'deleteditems', 'drafts', 'calendar', 'contacts']) {
      expect(folders.filter(({ wellKnown }) => wellKnown === known)).toHaveLength(1);
    }
    const inbox = folders.find(({ wellKnown }) => wellKnown === 'inbox');
    expect(folders.find(({ id }) => id === folder)).toMatchObject({ parentId: inbox?.id, folderClass: 'IPF.Note', hidden: false, search: false, wellKnown: null });
  });

  test('a folder that is made, renamed and deleted is told as that, under one id', async () => {
    const begun = await hierarchy(null);
    const id = await target.editor.createFolder(folder, 'Made <now> & é');
    const created = await hierarchy(begun.state);
    expect(created.folders.filter((entry) => entry.id === id)).toMatchObject([{ name: 'Made <now> & é', parentId: folder }]);
    await target.editor.renameFolder(id, 'Renamed');
    const renamed = await hierarchy(created.state);
    expect(renamed.folders.filter((entry) => entry.id === id)).toMatchObject([{ name: 'Renamed' }]);
    await target.editor.deleteFolder(id);
    expect((await hierarchy(renamed.state)).removed).toContain(id);
    expect((await hierarchy(null)).folders.map((entry) => entry.id)).not.toContain(id);
  });

  test('an item comes with what it is', async () => {
    const id = randomUUID();
    const item = await made('Grüße', id);
    const found = (await items(folder, null)).items.filter((entry) => entry.id === item);
    expect(found).toMatchObject([
      {
        properties: {
          itemClass: 'IPM.Note', subject: 'Grüße', messageId: `<${id}@brightwater.example>`, sentAt: '2026-11-03T09:30:00Z', sensitivity: 'normal', importance: 'normal',
          isRead: false, isDraft: false, hasAttachments: false, flag: 'none', categories: [], from: { name: 'Ada Example', address: 'ada@brightwater.example' },
          to: [{ address: 'bob@brightwater.example' }], cc: [],
        },
      },
    ]);
    expect(found[0]?.searchKey).not.toBeNull();
    expect(found[0]?.properties.size).toBeGreaterThan(0);
  });

  test('items that arrive, change, are read, move and go are told, each as what became of it', async () => {
    const other = (await target.editor.createFolder(folder, `Other ${randomUUID()}`)) as SourceFolderId;
    const [changed, read, moved, deleted] = [await made('changed'), await made('read'), await made('moved'), await made('deleted')];
    const before = await items(folder, null);
    const beforeOther = await items(other, null);
    const keyOf = (entries: readonly ItemEntry[], id: string) => entries.find((entry) => entry.id === id);
    const arrived = await made('arrived');
    await target.editor.setCategory(changed, 'Lockstep');
    await target.editor.markRead(read);
    const movedTo = await target.editor.moveItem(moved, other);
    await target.editor.deleteItem(deleted);

    const after = await items(folder, before.state);
    expect(keyOf(after.items, arrived)?.properties.subject).toBe('arrived');
    expect(keyOf(after.items, changed)?.properties.categories).toEqual(['Lockstep']);
    expect(keyOf(after.items, changed)?.changeKey).not.toBe(keyOf(before.items, changed)?.changeKey);
    // A server may tell more than the flag.
    expect(after.read.find(({ id }) => id === read)?.isRead ?? keyOf(after.items, read)?.properties.isRead).toBe(true);
    expect(after.removed).toEqual(expect.arrayContaining([moved, deleted]));
    const there = (await items(other, beforeOther.state)).items;
    expect(there.map(({ id }) => id)).toEqual([movedTo]);
    expect(movedTo).not.toBe(moved);
    expect(there[0]?.searchKey).toBe(keyOf(before.items, moved)?.searchKey);
    expect(await items(folder, after.state)).toMatchObject({ items: [], removed: [], read: [] });
    await target.editor.deleteFolder(other);
  });

  test('a state holds from page to page and from one reading to the next: nothing twice, nothing left out', async () => {
    const begun = await items(folder, null);
    const added = [];
    for (let number = 0; number < 5; number += 1) added.push(await made(`one of five ${number}`));
    const first = await items(folder, begun.state);
    expect(first.items.map(({ id }) => id).toSorted()).toEqual(added.toSorted());
    // The same state again gives the same again: a page that was lost is asked for once more.
    expect((await items(folder, begun.state)).items.map(({ id }) => id).toSorted()).toEqual(added.toSorted());
    const all = (await items(folder, null)).items.map(({ id }) => id);
    expect(new Set(all).size).toBe(all.length);
    expect(all).toEqual(expect.arrayContaining(added));
  });

  test('hints change with their folder, and stay while nothing happens in it', async () => {
    if (!target.source.capabilities.has('folder-hints')) return;
    const hints = async () => new Map((await mailbox.folderHints(signal)).map(({ id, hint }) => [id as string, hint]));
    const item = await made('hinted');
    const begun = await hints();
    expect((await hints()).get(folder)).toBe(begun.get(folder));
    const seen = [begun.get(folder)];
    for (const change of [() => target.editor.setCategory(item, 'Seen'), () => made('another'), () => target.editor.deleteItem(item)]) {
      await change();
      const hint = (await hints()).get(folder);
      expect(seen).not.toContain(hint);
      seen.push(hint);
    }
  });

  test('items are read by their ids; one that is gone is said to be gone', async () => {
    const [kept, deleted] = [await made('kept'), await made('deleted')];
    await target.editor.deleteItem(deleted);
    const { items: found, gone, problems } = await mailbox.readItems([deleted, kept], signal);
    expect(found.map(({ id, properties }) => [id, properties.subject])).toEqual([[kept, 'kept']]);
    expect(gone).toEqual([deleted]);
    expect(problems).toEqual([]);
  });

  test('content is the whole message; of one that is gone it is said', async () => {
    const [kept, deleted] = [await made('with content'), await made('without')];
    await target.editor.deleteItem(deleted);
    const outcomes: ContentOutcome<string>[] = [];
    for await (const outcome of mailbox.readContent([deleted, kept], text, signal)) outcomes.push(outcome);
    expect(outcomes).toHaveLength(2);
    expect(outcomes.find(({ id }) => id === deleted)?.outcome).toBe('gone');
    const read = outcomes.find(({ id }) => id === kept);
    const taken = read?.outcome === 'read' ? read.taken : '';
    expect(taken).toMatch(/^Subject: with content\r$/m);
    expect(taken).toMatch(/\r\n\r\n/);
    expect(taken.replaceAll('=\r\n', '')).toContain('with content');
  });

  test('what cannot be is refused by class and code', async () => {
    expect(await failure(items(folder, 'bm8gc3RhdGU='))).toMatchObject({ class: 'CursorInvalid', code: 'ews.sync-state-refused' });
    const gone = (await target.editor.createFolder(folder, `Gone ${randomUUID()}`)) as SourceFolderId;
    await target.editor.deleteFolder(gone);
    expect(await failure(items(gone, null))).toMatchObject({ class: 'CursorInvalid', code: 'mailbox.folder-gone' });
    const nobody = target.source.mailbox({ address: target.nobody, guid: null });
    const asked = (async () => {
      for await (const page of nobody.syncHierarchy(null, signal)) expect(page).toBeUndefined();
    })();
    expect(await failure(asked)).toMatchObject({ class: 'MailboxGone' });
  });

  test('nothing is asked for when nobody wants it any more', async () => {
    const aborted = AbortSignal.abort(new Error('enough'));
    const reading = (async () => {
      for await (const page of mailbox.syncHierarchy(null, aborted)) expect(page).toBeUndefined();
    })();
    await expect(reading).rejects.toThrow('enough');
  });
}
