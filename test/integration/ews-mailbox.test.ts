/** Our EWS client against the sample Exchange: what it reads is what is there, whatever goes wrong on the way. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { EwsSource } from '../../src/exchange/ews/ews-source.ts';
import type { ContentOutcome } from '../../src/exchange/mailbox.ts';
import { GeneratedMailbox } from '../../src/sample/exchange/generated.ts';
import { SampleMailbox } from '../../src/sample/exchange/mailbox.ts';
import { type SampleExchange, startSampleExchange } from '../../src/sample/exchange/server.ts';
import { LockstepError } from '../../src/shared/errors.ts';
import type { FolderEntry, ItemEntry, SourceFolderId, SourceItemId } from '../../src/shared/mailbox.ts';
import type { ConnectionSettings } from '../../src/shared/mailbox-contract.ts';

const password = 'not used anywhere else';
const owner = { address: 'ada@mail.example.test', displayName: 'Ada Example', guid: '7f3b1c52-7f0e-4f6e-9f0e-0a5a3f2f1a01' };
const bob = { address: 'bob@mail.example.test', displayName: 'Bob Example', guid: '7f3b1c52-7f0e-4f6e-9f0e-0a5a3f2f1a02' };
const MESSAGES = 3000;

let exchange: SampleExchange;
let source: EwsSource;
let mailbox: SampleMailbox;
const signal = new AbortController().signal;

const settings = (overrides: Partial<ConnectionSettings> = {}): ConnectionSettings => ({
  type: 'ews', url: exchange.url, authentication: 'basic', account: 'svc@mail.example.test', ...overrides,
});

beforeEach(async () => {
  const generated = new GeneratedMailbox({ owner, seed: 'ews', messages: MESSAGES, correspondents: [{ name: bob.displayName, address: bob.address }] });
  mailbox = new SampleMailbox(owner, 1, generated);
  exchange = await startSampleExchange({
    mailboxes: [mailbox, new SampleMailbox(bob, 2, new GeneratedMailbox({ owner: bob, seed: 'ews', messages: 20, correspondents: [] }))],
    accounts: { 'svc@mail.example.test': { password, impersonates: true }, 'weak@mail.example.test': { password, impersonates: false } },
  });
  source = new EwsSource(settings(), password);
});
afterEach(async () => {
  await source.close();
  await exchange.close();
});

const ada = (from = source) => from.mailbox({ address: owner.address, guid: owner.guid });

async function hierarchy(state: string | null = null) {
  const folders: FolderEntry[] = [];
  const removed: string[] = [];
  let last = '';
  for await (const page of ada().syncHierarchy(state, signal)) {
    folders.push(...page.folders);
    removed.push(...page.removed);
    last = page.state;
  }
  return { folders, removed, state: last };
}
async function folderItems(folder: SourceFolderId, state: string | null = null) {
  const items: ItemEntry[] = [];
  const [removed, read, problems]: [string[], { id: string; isRead: boolean }[], { id: string; code: string }[]] = [[], [], []];
  let [last, pages] = ['', 0];
  for await (const page of ada().syncFolder(folder, state, signal)) {
    items.push(...page.items);
    removed.push(...page.removed);
    read.push(...page.read);
    problems.push(...page.problems);
    last = page.state;
    pages += 1;
  }
  return { items, removed, read, problems, state: last, pages };
}
const digest = async (mime: Readable) => {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of mime) {
    hash.update(piece as Buffer);
    bytes += (piece as Buffer).length;
  }
  return { bytes, hash: hash.digest('hex') };
};
const failure = async (work: Promise<unknown>): Promise<LockstepError> => {
  const error = await work.then(() => undefined, (reason: unknown) => reason);
  if (error instanceof LockstepError) return error;
  throw new Error(`expected a LockstepError, got ${String(error)}`);
};
const inbox = (folders: readonly FolderEntry[]) => {
  const found = folders.find(({ wellKnown }) => wellKnown === 'inbox');
  if (found === undefined) throw new Error('no inbox');
  return found;
};

describe('folders', () => {
  test('come with what they are, hidden and search folders marked', async () => {
    const { folders } = await hierarchy();
    const expected = mailbox.folders().filter(({ parent }) => parent !== null);
    expect(folders.map(({ name }) => name).toSorted()).toEqual(expected.map(({ name }) => name).toSorted());
    expect(folders.filter(({ hidden }) => hidden)).toHaveLength(1);
    expect(folders.filter(({ search }) => search)).toHaveLength(1);
    expect(inbox(folders)).toMatchObject({ name: 'Inbox', folderClass: 'IPF.Note', itemCount: mailbox.summary(2).count });
    // Every parent but the root is a folder.
    const ids = new Set(folders.map(({ id }) => id));
    expect(new Set(folders.map(({ parentId }) => parentId).filter((id) => !ids.has(id))).size).toBe(1);
  });

  test('that were made, renamed, moved and deleted are told', async () => {
    const { folders, state } = await hierarchy();
    const made = mailbox.addFolder({ parent: 2, name: 'New <&> one' });
    mailbox.changeFolder(3, { name: 'Gesendet' });
    const child = mailbox.folders().find(({ parent, wellKnown }) => parent === 2 && wellKnown === undefined);
    if (child === undefined) throw new Error('no child');
    mailbox.deleteFolder(child.number);
    const changes = await hierarchy(state);
    expect(changes.folders.map(({ name }) => name).toSorted()).toEqual(['Gesendet', made.name]);
    expect(folders.find(({ id }) => id === changes.removed[0])?.name).toBe(child.name);
  });

  test('show by hints which of them changed', async () => {
    const { folders } = await hierarchy();
    const hints = async () => new Map((await ada().folderHints(signal)).map(({ id, hint }) => [id as string, hint]));
    const before = await hints();
    expect(before.size).toBe(folders.length);
    mailbox.changeItem(1, { isRead: mailbox.item(1)?.isRead === false });
    const changed = [...await hints()].filter(([id, hint]) => before.get(id) !== hint).map(([id]) => id);
    expect(changed).toEqual([inbox(folders).id]);
  });
});

describe('items', () => {
  test('of a folder are all there once, with their metadata, newest first', async () => {
    const { folders } = await hierarchy();
    const { items, pages } = await folderItems(inbox(folders).id);
    const expected = [...mailbox.itemsBelow(2)];
    expect(items).toHaveLength(expected.length);
    expect(pages).toBe(Math.ceil(expected.length / 512));
    for (const [index, item] of items.entries()) {
      const there = expected[index];
      if (there === undefined) throw new Error('one too many');
      expect(item.properties).toMatchObject({
        itemClass: there.itemClass,
        subject: there.content.subject,
        size: there.size,
        sensitivity: there.sensitivity.toLowerCase(),
        isDraft: there.isDraft,
        categories: there.categories,
        flag: there.flag === 'NotFlagged' ? 'none' : there.flag.toLowerCase(),
      });
      expect(item.searchKey).toBe(there.searchKey.toString('base64'));
      if (there.itemClass !== 'IPM.Note') continue;
      expect(item.properties).toMatchObject({
        from: { address: there.content.from?.address },
        to: there.content.to,
        cc: there.content.cc,
        messageId: there.content.messageId ?? null,
        isRead: there.isRead,
        sentAt: there.content.sentAt?.toISOString().replace(/\.\d+Z/, 'Z'),
      });
    }
  });

  test('that were added, changed, read, moved and deleted are told, each as what became of it', async () => {
    const { folders } = await hierarchy();
    const [box, sent] = [inbox(folders), folders.find(({ wellKnown }) => wellKnown === 'sentitems')];
    if (sent === undefined) throw new Error('no sent items');
    const before = await folderItems(box.id);
    const beforeSent = await folderItems(sent.id);
    const uids = [...mailbox.itemsBelow(2)].map(({ uid }) => uid);
    const [changed = 0, moved = 0, deleted = 0] = uids;
    const read = uids.find((uid) => uid !== changed && uid !== moved && uid !== deleted && mailbox.item(uid)?.itemClass === 'IPM.Note') ?? 0;
    const idOf = (uid: number) => before.items[uids.indexOf(uid)]?.id;
    mailbox.changeItem(changed, { categories: ['Stamped'] });
    mailbox.changeItem(read, { isRead: mailbox.item(read)?.isRead === false });
    mailbox.moveItem(moved, 3);
    mailbox.deleteItem(deleted);

    const after = await folderItems(box.id, before.state);
    expect(after.items.map(({ id, properties }) => [id, properties.categories])).toEqual([[idOf(changed), ['Stamped']]]);
    expect(after.read).toEqual([{ id: idOf(read), isRead: mailbox.item(read)?.isRead }]);
    expect(after.removed.toSorted()).toEqual([idOf(moved), idOf(deleted)].toSorted());
    const arrived = (await folderItems(sent.id, beforeSent.state)).items;
    // The same message under another id.
    expect(arrived).toHaveLength(1);
    expect(arrived[0]?.id).not.toBe(idOf(moved));
    expect(arrived[0]?.searchKey).toBe(mailbox.item(moved)?.searchKey.toString('base64'));
    expect(await folderItems(box.id, after.state)).toMatchObject({ items: [], removed: [], read: [], pages: 1 });
  });

  test('that cannot be read are named, and the others come', async () => {
    const { folders } = await hierarchy();
    const all = [...mailbox.itemsBelow(2)];
    const corrupt = all[10]?.uid ?? 0;
    exchange.faults.inject({ kind: 'corrupt-item', uid: corrupt });
    const { items, problems } = await folderItems(inbox(folders).id);
    expect(items).toHaveLength(all.length - 1);
    expect(problems).toMatchObject([{ code: 'item.corrupt' }]);
  });

  test('come in pages larger than was asked for, when the server makes them so', async () => {
    const { folders } = await hierarchy();
    exchange.faults.inject({ kind: 'large-pages', times: 3 });
    const { items } = await folderItems(inbox(folders).id);
    expect(items).toHaveLength([...mailbox.itemsBelow(2)].length);
  });

  test('a folder that is gone, and a state that is refused, are told apart', async () => {
    const { folders } = await hierarchy();
    const child = mailbox.addFolder({ parent: 2, name: 'Short-lived' });
    const id = (await hierarchy()).folders.find(({ name }) => name === child.name)?.id;
    if (id === undefined) throw new Error('no folder');
    mailbox.deleteFolder(child.number);
    expect(await failure(folderItems(id))).toMatchObject({ class: 'CursorInvalid', code: 'mailbox.folder-gone' });
    const { state } = await folderItems(inbox(folders).id);
    exchange.expireStates();
    expect(await failure(folderItems(inbox(folders).id, state))).toMatchObject({ class: 'CursorInvalid', code: 'ews.sync-state-refused' });
  });
});

describe('content', () => {
  const read = async (ids: readonly SourceItemId[]) => {
    const outcomes: ContentOutcome<{ bytes: number; hash: string }>[] = [];
    for await (const outcome of ada().readContent(ids, digest, signal)) outcomes.push(outcome);
    return outcomes;
  };

  test('is read to its last byte, with the outcome of each item', async () => {
    const { folders } = await hierarchy();
    const items = (await folderItems(inbox(folders).id)).items.slice(0, 25);
    const gone = items[3];
    const corrupt = items[4];
    const uids = [...mailbox.itemsBelow(2)].slice(0, 25).map(({ uid }) => uid);
    mailbox.deleteItem(uids[3] ?? 0);
    exchange.faults.inject({ kind: 'corrupt-item', uid: uids[4] ?? 0 });
    const outcomes = await read(items.map(({ id }) => id));
    expect(outcomes).toHaveLength(25);
    expect(outcomes.filter(({ outcome }) => outcome === 'read')).toHaveLength(23);
    expect(outcomes.find(({ id }) => id === gone?.id)).toMatchObject({ outcome: 'gone' });
    expect(outcomes.find(({ id }) => id === corrupt?.id)).toMatchObject({ outcome: 'unreadable', code: 'item.corrupt' });
  });

  test('of one large item passes without being held', async () => {
    const bytes = 40 * 1024 * 1024;
    const { fileBytes } = await import('../../src/sample/exchange/files.ts');
    const one = mailbox.item(1);
    if (one === undefined) throw new Error('no item');
    mailbox.changeItem(1, {
      content: { ...one.content, attachments: [{ kind: 'file', name: 'large.bin', contentType: 'application/octet-stream', size: bytes, bytes: () => fileBytes('bin', bytes) }] },
    });
    const { folders } = await hierarchy();
    const id = (await folderItems(inbox(folders).id)).items.at(-1)?.id;
    if (id === undefined) throw new Error('no item');
    global.gc?.();
    const before = process.memoryUsage.rss();
    let highest = 0;
    const sampling = setInterval(() => (highest = Math.max(highest, process.memoryUsage.rss())), 20);
    const [outcome] = await read([id]);
    clearInterval(sampling);
    expect(outcome).toMatchObject({ outcome: 'read', taken: { bytes: expect.any(Number) as number } });
    expect(outcome?.outcome === 'read' && outcome.taken.bytes).toBeGreaterThan(bytes * 1.3);
    // Both sides are in this process; what must not happen is that the whole is in memory (40 MB are 73 MB of base64 twice).
    expect(highest - before).toBeLessThan(100 * 1024 * 1024);
  });
});

describe('what goes wrong', () => {
  test.each([
    ['a fault with HTTP 500', { kind: 'busy', shape: 'fault', backOffMs: 1234 }, 1234],
    ['a message in error', { kind: 'busy', shape: 'message', backOffMs: 2345 }, 2345],
    ['an inner error', { kind: 'busy', shape: 'inner', backOffMs: 3456 }, 3456],
    ['503 with a time', { kind: 'status', status: 503, retryAfter: '7' }, 7000],
  ] as const)('“do less” as %s is understood, and the mailbox left alone for so long', async (_, fault, waitMs) => {
    exchange.faults.inject(fault, {}, 1);
    expect(await failure(hierarchy())).toMatchObject({ class: 'Throttled', waitMs });
    const asked = [...exchange.requests.values()].reduce((sum, count) => sum + count, 0);
    expect(await failure(hierarchy())).toMatchObject({ class: 'Throttled' });
    expect([...exchange.requests.values()].reduce((sum, count) => sum + count, 0)).toBe(asked);
    // Others are not.
    for await (const page of source.mailbox({ address: bob.address, guid: null }).syncHierarchy(null, signal)) expect(page.folders.length).toBeGreaterThan(0);
  });

  test.each([
    ['a page that is no XML', { kind: 'malformed' }, 'Unavailable', 'ews.answer-malformed'],
    ['an answer that is cut off', { kind: 'cut', afterBytes: 900 }, 'Unavailable', undefined],
    ['a web page', { kind: 'status', status: 200, contentType: 'text/html' }, 'Unavailable', 'ews.not-exchange'],
    ['an outage', { kind: 'status', status: 500 }, 'Unavailable', 'ews.server-error'],
    ['a sign-in page elsewhere', { kind: 'status', status: 302 }, 'ConfigInvalid', 'ews.redirected'],
    ['a switched-off service', { kind: 'status', status: 403 }, 'ConfigInvalid', 'ews.forbidden'],
    ['an unknown error', { kind: 'error', code: 'ErrorADOperation' }, 'Unavailable', 'ews.server-error'],
    ['a mailbox that is disabled', { kind: 'error', code: 'ErrorAccountDisabled' }, 'MailboxGone', 'ews.account-disabled'],
  ] as const)('%s has its class and code', async (_, fault, errorClass, code) => {
    exchange.faults.inject(fault);
    const error = await failure(hierarchy());
    expect(error.class).toBe(errorClass);
    if (code !== undefined) expect(error.code).toBe(code);
  });

  test('a wrong password, a missing right and an unknown mailbox are told apart', async () => {
    const of = async (account: string, secret: string, address: string) => {
      const other = new EwsSource(settings({ account }), secret);
      const error = await failure((async () => {
        for await (const page of other.mailbox({ address, guid: null }).syncHierarchy(null, signal)) expect(page).toBeUndefined();
      })());
      await other.close();
      return [error.class, error.code];
    };
    expect(await of('svc@mail.example.test', 'wrong', owner.address)).toEqual(['AuthRejected', 'ews.credential-refused']);
    expect(await of('weak@mail.example.test', password, owner.address)).toEqual(['ConfigInvalid', 'ews.impersonation-denied']);
    expect(await of('svc@mail.example.test', password, 'nobody@mail.example.test')).toEqual(['MailboxGone', 'ews.no-mailbox']);
  });

  test('a call is abandoned when nobody wants it any more', async () => {
    exchange.faults.inject({ kind: 'hang' });
    const abort = new AbortController();
    const reading = (async () => {
      for await (const page of ada().syncHierarchy(null, abort.signal)) expect(page).toBeUndefined();
    })().catch((error: unknown) => error);
    while (exchange.faults.occurred('hang') === 0) await new Promise((resolve) => setImmediate(resolve));
    abort.abort(new Error('enough'));
    expect(await reading).toEqual(new Error('enough'));
  });
});

describe('signing in by NTLM', () => {
  let ntlm: EwsSource;
  const account = 'svc@mail.example.test';
  const folders = async (from: EwsSource) => {
    const found: FolderEntry[] = [];
    for await (const page of ada(from).syncHierarchy(null, signal)) found.push(...page.folders);
    return found;
  };
  beforeEach(() => {
    ntlm = new EwsSource(settings({ authentication: 'ntlm', account }), password);
  });
  afterEach(() => ntlm.close());

  test('proves a connection once and then uses it', async () => {
    for (let time = 0; time < 5; time += 1) expect(await folders(ntlm)).toHaveLength((await hierarchy()).folders.length);
    expect(exchange.handshakes()).toBe(1);
    const [one] = await folders(ntlm);
    if (one === undefined) throw new Error('no folder');
    const items: ItemEntry[] = [];
    for await (const page of ada(ntlm).syncFolder(one.id, null, signal)) items.push(...page.items);
    expect(items).toHaveLength(one.itemCount);
    expect(exchange.handshakes()).toBe(1);
  });

  test('proves another when the server has ended the first', async () => {
    await folders(ntlm);
    exchange.faults.inject({ kind: 'close' }, {}, 1);
    await folders(ntlm);
    expect(await folders(ntlm)).not.toHaveLength(0);
    expect(exchange.handshakes()).toBe(2);
  });

  test('is refused with a wrong password, and where it is not offered', async () => {
    const wrong = new EwsSource(settings({ authentication: 'ntlm', account }), 'wrong');
    expect(await failure(folders(wrong))).toMatchObject({ class: 'AuthRejected', code: 'ews.credential-refused' });
    await wrong.close();
    const basic = await startSampleExchange({ mailboxes: [mailbox], accounts: { [account]: { password, impersonates: true } }, schemes: ['basic'] });
    const other = new EwsSource(settings({ authentication: 'ntlm', account, url: basic.url }), password);
    expect(await failure(folders(other))).toMatchObject({ class: 'ConfigInvalid', code: 'ews.ntlm-not-offered' });
    await other.close();
    await basic.close();
  });
});

describe('the budget of a mailbox', () => {
  const limited = async (budget: { concurrency: number; burstMs: number; rechargeMsPerHour: number }) => {
    await exchange.close();
    exchange = await startSampleExchange({ mailboxes: [mailbox], accounts: { 'svc@mail.example.test': { password, impersonates: true } }, budget });
    await source.close();
    source = new EwsSource(settings(), password);
  };

  test('is used up: the server names the time until there is some again', async () => {
    await limited({ concurrency: 27, burstMs: 1, rechargeMsPerHour: 3600 });
    const { folders } = await hierarchy();
    const error = await failure(folderItems(inbox(folders).id));
    expect(error).toMatchObject({ class: 'Throttled', code: 'ews.throttled' });
    expect(error.waitMs).toBeGreaterThan(0);
  });

  test('holds so many requests at once', async () => {
    await limited({ concurrency: 1, burstMs: 300_000, rechargeMsPerHour: 900_000 });
    const many = await Promise.allSettled(Array.from({ length: 10 }, () => hierarchy()));
    for (const outcome of many) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ class: 'Throttled' });
    expect(many.some(({ status }) => status === 'fulfilled')).toBe(true);
  });
});
