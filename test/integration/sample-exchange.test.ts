/** The sample Exchange through the eyes of exchangelib and of Exchange's schema; and what our client reads of it beside them. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { EwsSource } from '../../src/exchange/ews/ews-source.ts';
import { exchangeAccount, organisationExchange } from '../../src/sample/exchange/organisation-exchange.ts';
import { type SampleExchange, startSampleExchange } from '../../src/sample/exchange/server.ts';
import { sampleOrganisation } from '../../src/sample/organisation/organisation.ts';
import type { FolderEntry, ItemEntry, SourceItemId } from '../../src/shared/mailbox.ts';
import { exchangelib, type ExchangelibItem, whyNoExchangelib } from '../lab/ews/exchangelib.ts';
import { type Recorder, recorder } from '../lab/ews/recorder.ts';
import { readEwsSchema, schemaFolder } from '../lab/ews/schema.ts';

const organisation = sampleOrganisation({ people: 20 });
const { account, password } = exchangeAccount(organisation);
const signal = new AbortController().signal;
const MIMES = 40;
const missing = await whyNoExchangelib();
const withExchangelib = missing === undefined ? test : test.skip;
const withSchema = schemaFolder === undefined ? test.skip : test;

let exchange: SampleExchange;
let recording: Recorder;
let source: EwsSource;
let address: string;

beforeEach(async () => {
  exchange = await startSampleExchange(organisationExchange(organisation, { messages: 4000 }));
  recording = await recorder(exchange.url);
  source = new EwsSource({ type: 'ews', url: recording.url, authentication: 'basic', account }, password);
  const counts = organisation.people.map(({ addresses: { primary } }) => {
    const mailbox = exchange.mailbox(primary);
    return [primary, mailbox?.summary(mailbox.wellKnown('inbox')?.number ?? 0).count ?? 0] as const;
  });
  // The one with the most, yet not all.
  address = counts.toSorted(([, one], [, other]) => other - one)[0]?.[0] ?? '';
});
afterEach(async () => {
  await source.close();
  await recording.close();
  await exchange.close();
});

const access = () => ({ url: recording.url, account, password, authentication: 'basic' as const, mailbox: address });

async function readByUs() {
  const mailbox = source.mailbox({ address, guid: null });
  const folders: (FolderEntry & { readonly items: readonly ItemEntry[] })[] = [];
  for await (const { folders: entries } of mailbox.syncHierarchy(null, signal)) {
    for (const entry of entries) {
      const items: ItemEntry[] = [];
      if (!entry.search) for await (const page of mailbox.syncFolder(entry.id, null, signal)) items.push(...page.items);
      folders.push({ ...entry, items });
    }
  }
  return { folders, inbox: folders.find(({ wellKnown }) => wellKnown === 'inbox')?.items ?? [] };
}

/** What both clients say of an item, as exchangelib does. */
const ours = ({ id, properties }: ItemEntry) => ({
  id,
  itemClass: properties.itemClass,
  subject: withoutControls(properties.subject),
  sensitivity: properties.sensitivity,
  importance: properties.importance,
  size: properties.size,
  categories: properties.categories,
  isDraft: properties.isDraft,
  hasAttachments: properties.hasAttachments,
  receivedAt: properties.receivedAt,
  sentAt: properties.sentAt,
  createdAt: properties.createdAt,
});
const mail = ({ properties }: ItemEntry) => ({
  from: properties.from?.address ?? null,
  to: properties.to.map((to) => to.address),
  cc: properties.cc.map((cc) => cc.address),
  messageId: properties.messageId,
  isRead: properties.isRead,
});
const theirs = (item: ExchangelibItem) => ({
  id: item.id,
  itemClass: item.itemClass,
  subject: withoutControls(item.subject),
  sensitivity: item.sensitivity.toLowerCase(),
  importance: item.importance.toLowerCase(),
  size: item.size,
  categories: item.categories,
  isDraft: item.isDraft,
  hasAttachments: item.hasAttachments,
  receivedAt: item.receivedAt,
  sentAt: item.sentAt,
  createdAt: item.createdAt,
});
/** exchangelib leaves them out. */
const withoutControls = (text: string) => text.replace(/[\u0000-\u001f]/g, '').trim();
/** exchangelib gives some without their brackets. */
const bracketed = (id: string | null | undefined) => (id === undefined || id === null || id.startsWith('<') ? (id ?? null) : `<${id}>`);
const byId = (one: { readonly id: string }, other: { readonly id: string }) => (one.id < other.id ? -1 : 1);

async function expectTheSame(): Promise<void> {
  const [us, them] = [await readByUs(), await exchangelib(access(), 'read', { mimes: MIMES })];
  const theirFolders = new Map(them.folders.map((folder) => [folder.id, folder]));
  const shown = us.folders.filter(({ search }) => !search);
  expect(shown.map(({ id }) => id).filter((id) => !theirFolders.has(id))).toEqual([]);
  for (const folder of shown) {
    const other = theirFolders.get(folder.id);
    expect([folder.name, folder.items.length]).toEqual([other?.name, other?.count]);
    expect(folder.items.map(ours).toSorted(byId)).toEqual((other?.items ?? []).map(theirs).toSorted(byId));
    const read = new Map(folder.items.map((item) => [item.id as string, item]));
    for (const { id, itemClass, from, to, cc, messageId, isRead } of other?.items ?? []) {
      const item = read.get(id);
      if (itemClass === 'IPM.Note' && item !== undefined) expect(mail(item)).toEqual({ from, to, cc, messageId: bracketed(messageId), isRead });
    }
  }
  expect(await digests(Object.keys(them.mime) as SourceItemId[])).toEqual(them.mime);
}

/** Of content as our client reads it, boundaries left out. */
async function digests(ids: readonly SourceItemId[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const outcome of source.mailbox({ address, guid: null }).readContent(ids, whole, signal)) {
    if (outcome.outcome === 'read') found[outcome.id] = createHash('sha256').update(outcome.taken.replace(/_000_[0-9a-f]+_/g, ''), 'latin1').digest('hex');
  }
  return found;
}
async function whole(mime: Readable): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of mime) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('latin1');
}

withExchangelib('our client reads what exchangelib reads, before and after exchangelib has changed the mailbox', async () => {
  await expectTheSame();
  const before = await readByUs();
  const { attachment } = await exchangelib(access(), 'change', {});
  expect(attachment).toBe('attached by exchangelib');
  await expectTheSame();
  const after = await readByUs();
  expect(after.inbox).toHaveLength(before.inbox.length - 3);
  const made = after.folders.find(({ name }) => name === 'Renamed by exchangelib')?.items ?? [];
  expect(made.map(({ properties: { subject, messageId } }) => [subject, messageId])).toEqual(
    expect.arrayContaining([
      ['As MIME é', '<mime@exchangelib.example>'],
      ['Räume & <Zeiten>', '<made@exchangelib.example>'],
    ]),
  );
  const classes = (wellKnown: string) => after.folders.find((folder) => folder.wellKnown === wellKnown)?.items.map(({ properties }) => properties.subject);
  expect(classes('contacts')).toContain('Ada Example');
  expect(classes('tasks')).toContain('Count the stock');
  expect(classes('calendar')).toContain('Stand-up');
});

withExchangelib('our client is told of the same changes as exchangelib', async () => {
  const begun = await exchangelib(access(), 'sync', {});
  const { inbox, folders } = await readByUs();
  expect(begun.changes.map(([, id]) => id).toSorted()).toEqual(inbox.map(({ id }) => id as string).toSorted());
  const box = folders.find(({ wellKnown }) => wellKnown === 'inbox');
  if (box === undefined) throw new Error('no inbox');
  const mailbox = source.mailbox({ address, guid: null });
  let state: string | null = null;
  for await (const page of mailbox.syncFolder(box.id, null, signal)) state = page.state;
  await exchangelib(access(), 'change', {});
  const theirChanges = (await exchangelib(access(), 'sync', { state: begun.state })).changes;
  const told: [string, string][] = [];
  for await (const page of mailbox.syncFolder(box.id, state, signal)) {
    told.push(...page.items.map(({ id }): [string, string] => ['update', id]), ...page.removed.map((id): [string, string] => ['delete', id]));
  }
  expect(told.toSorted()).toEqual([...theirChanges].toSorted());
});

withExchangelib('exchangelib signs in by NTLM, and by nothing else where nothing else is offered', async () => {
  const ntlm = await startSampleExchange({ ...organisationExchange(organisation, { messages: 200 }), schemes: ['ntlm'] });
  try {
    const direct = { url: ntlm.url, account: 'TARNWICK\\svc-lockstep', password, mailbox: address };
    const { changes } = await exchangelib({ ...direct, authentication: 'NTLM' }, 'sync', {});
    const mailbox = ntlm.mailbox(address);
    expect(changes).toHaveLength(mailbox?.summary(mailbox.wellKnown('inbox')?.number ?? 0).count ?? -1);
    expect(ntlm.handshakes()).toBeGreaterThan(0);
    await expect(exchangelib({ ...direct, authentication: 'NTLM', password: 'wrong' }, 'sync', {})).rejects.toThrow(/Unauthorized|Invalid credentials/);
    await expect(exchangelib({ ...direct, authentication: 'basic' }, 'sync', {})).rejects.toThrow(/Unauthorized|Invalid credentials/);
  } finally {
    await ntlm.close();
  }
});

withSchema('every request of our client and every answer of the sample is valid by Exchange’s schema', async () => {
  const schema = await readEwsSchema(schemaFolder ?? '');
  const { inbox } = await readByUs();
  await source.mailbox({ address, guid: null }).folderHints(signal);
  await digests(inbox.slice(0, MIMES).map(({ id }) => id));
  exchange.faults.inject({ kind: 'busy', shape: 'fault', backOffMs: 1 }, {}, 1);
  await expect(source.mailbox({ address, guid: null }).folderHints(signal)).rejects.toThrow();
  const ownRequests = recording.exchanged.length;
  if (missing === undefined) {
    await exchangelib(access(), 'read', { mimes: MIMES });
    await exchangelib(access(), 'change', {});
  }
  const problems = recording.exchanged.flatMap(({ request, answer }, index) => [
    ...(index < ownRequests ? schema.problems(request) : []).map((problem) => `request: ${problem}`),
    ...schema.problems(answer).map((problem) => `answer: ${problem}`),
  ]);
  expect([...new Set(problems)]).toEqual([]);
  // It would see one that is not.
  const valid = recording.exchanged.find(({ answer }) => answer.includes('<t:Sensitivity>Normal<'))?.answer ?? '';
  expect(schema.problems(valid)).toEqual([]);
  expect(schema.problems(valid.replace('<t:Sensitivity>Normal<', '<t:Sensitivity>Usual<'))).toHaveLength(1);
  schema.dispose();
});
