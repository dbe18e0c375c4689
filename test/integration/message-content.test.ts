/** Content by HTTP, from a site to the archive and back: the real blob store, the API and the command line. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { ContentSpool } from '../../src/activities/mailbox/content-spool.ts';
import { processMailbox } from '../../src/activities/mailbox/process-mailbox.ts';
import type { MessageContent } from '../../src/api/schemas/mailboxes.ts';
import { shareParts } from '../../src/archive/content/share-parts.ts';
import { createBlobClient } from '../../src/client/blob-client.ts';
import { createMailboxClient } from '../../src/client/mailbox-client.ts';
import { EwsSource } from '../../src/exchange/ews/ews-source.ts';
import type { MailboxSource } from '../../src/exchange/mailbox.ts';
import { fileBytes } from '../../src/sample/exchange/files.ts';
import { startSampleExchange } from '../../src/sample/exchange/server.ts';
import type { ItemId } from '../../src/shared/ids.ts';
import { labApi, type LabApi, type LabOrganisation } from '../lab/api.ts';
import { cli, type Cli } from '../lab/cli.ts';
import { labFolder } from '../lab/component.ts';
import { aMailbox, aTask, aTaskRun, type LabMailbox, type LabTask, replicationSettings } from '../lab/mailboxes.ts';
import { digestOfSample } from '../lab/sample-content.ts';
import { itemsOf, sampleMailbox } from '../lab/sample-mail.ts';

let api: LabApi;
let acme: LabOrganisation;
let task: LabTask;
let ada: LabMailbox;
let shell: Cli;
let item: ItemId;
let failures: unknown[] = [];
const { signal } = new AbortController();
const mailbox = sampleMailbox('ada@mail.example.test', 30);
const SIZE = 3_000_000;
const file = { kind: 'file' as const, name: 'Angebot é.pdf', contentType: 'application/pdf', size: SIZE, bytes: () => fileBytes('pdf api', SIZE) };
const [some] = itemsOf(mailbox);
if (some === undefined) throw new Error('no item');
const content = { ...some.content, subject: 'With a file', attachments: [file] };
mailbox.addItem(() => ({ ...some, sensitivity: 'Normal', itemClass: 'IPM.Note', receivedAt: new Date('2026-11-24T00:00:00Z'), content }));
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

beforeAll(async () => {
  api = await labApi();
  acme = await api.organisation('acme');
  const berlin = await acme.site('berlin');
  const url = await api.app.listen({ host: '127.0.0.1', port: 0 });
  shell = await cli({ LOCKSTEP_URL: url, LOCKSTEP_TOKEN: acme.tokens.admin });
  const exchange = await startSampleExchange({ mailboxes: [mailbox], accounts: { svc: { password: 'secret', impersonates: true } } });
  const source = new EwsSource({ type: 'ews', url: exchange.url, authentication: 'basic', account: 'svc' }, 'secret');
  task = await aTask(api.lab.owner, { site: berlin.row, url: exchange.url, settings: { withContent: true } });
  ada = await aMailbox(api.lab.owner, task, 'ada@mail.example.test');
  const requests = { baseUrl: url, token: async () => berlin.token, patience: { outageMs: 0, throttledMs: 5000 } };
  const spool = await ContentSpool.open(await mkdtemp(join(labFolder(), 'spool-')));
  try {
    const result = await processMailbox(
      {
        client: createMailboxClient(requests),
        sources: { use: <T>(_: unknown, __: unknown, work: (source: MailboxSource) => Promise<T>) => work(source) },
        content: { spool, blobs: createBlobClient(requests) },
        signal,
        onPage: () => undefined,
        onBytes: () => undefined,
      },
      { runId: await aTaskRun(api.lab.owner, task, [ada]), ordinal: 0 },
    );
    expect(result).toEqual({ outcome: 'finished' });
  } finally {
    await spool.close();
    await source.close();
    await exchange.close();
  }
  const { rows: [row] } = await sql<{ id: ItemId }>`select id from item where mailbox_id = ${ada.id} and properties ->> 'subject' = 'With a file'`.execute(api.lab.owner);
  if (row === undefined) throw new Error('no item');
  item = row.id;
}, 120_000);
afterAll(() => api.close());

const get = async (rest: string) => {
  const response = await api.app.inject({ method: 'GET', url: `/api/v1/mailboxes/${ada.address}/items/${item}${rest}`, headers: { authorization: `Bearer ${acme.tokens.admin}` } });
  return { status: response.statusCode, headers: response.headers, bytes: response.rawPayload, body: response.headers['content-type']?.toString().includes('json') === true ? response.json<unknown>() : undefined };
};
const share = () => shareParts({ database: api.lab.app, blobs: api.blobs.storage, logger: { warn: (...said: unknown[]) => void failures.push(said) } }, signal);

/** The same before its parts are shared and after. */
describe.each(['whole', 'in parts'])('a message that is stored %s', (how) => {
  beforeAll(async () => {
    failures = [];
    if (how === 'in parts') await share();
    expect(failures).toEqual([]);
    const { rows } = await sql<{ stored_as: string }>`
      select c.stored_as from content c join item i on i.content_id = c.id where i.mailbox_id = ${ada.id} and i.id = ${item}`.execute(api.lab.owner);
    expect(rows).toEqual([{ stored_as: how === 'whole' ? 'whole' : 'parts' }]);
  });

  test('tells its parts, and its digest is that of the source', async () => {
    const answer = (await get('/parts')).body as MessageContent;
    expect(answer.digest).toEqual({ version: 1, sha256: digestOfSample({ itemClass: 'IPM.Note', content }) });
    expect(answer.parts.at(-1)).toMatchObject({ name: 'Angebot é.pdf', contentType: 'application/pdf', bytes: SIZE, disposition: 'attachment', sha256: sha256(Buffer.concat([...file.bytes()])) });
  });

  test('comes back as the bytes that were read, and is nothing that a browser shows', async () => {
    const { sha256: hash, bytes } = (await get('/parts')).body as MessageContent;
    const eml = await get('/eml');
    expect([eml.status, sha256(eml.bytes), eml.bytes.length]).toEqual([200, hash, bytes]);
    expect(eml.headers).toMatchObject({ 'content-type': 'message/rfc822', 'content-length': String(bytes), 'content-disposition': `attachment; filename*=UTF-8''${item}.eml`, 'x-content-type-options': 'nosniff' });
  });

  test('gives each part, decoded', async () => {
    const { parts } = (await get('/parts')).body as MessageContent;
    for (const { number, sha256: hash, bytes } of parts) {
      const part = await get(`/parts/${number}`);
      expect([part.status, sha256(part.bytes), part.bytes.length]).toEqual([200, hash, bytes]);
      expect(part.headers['content-type']).toBe('application/octet-stream');
    }
    expect((await get(`/parts/${parts.length}`)).headers['content-disposition']).toBe("attachment; filename*=UTF-8''Angebot%20%C3%A9.pdf");
    expect((await get(`/parts/${parts.length + 1}`)).status).toBe(404);
  });
});

test('the command line saves a message or a part of it, and never over a file', async () => {
  const folder = await mkdtemp(join(labFolder(), 'out-'));
  const out = join(folder, 'm.eml');
  const { sha256: hash, parts } = (await get('/parts')).body as MessageContent;
  const saved = await shell.run(['message', 'get', ada.address, item, '--out', out, '--json']);
  expect(saved).toMatchObject({ code: 0 });
  expect(sha256(await readFile(out))).toBe(hash);
  if (process.platform !== 'win32') expect((await stat(out)).mode & 0o777).toBe(0o600);
  const again = await shell.run(['message', 'get', ada.address, item, '--out', out]);
  expect(again.code).not.toBe(0);
  expect(again.stderr).toContain('is there already');
  const part = join(folder, 'a.pdf');
  expect(await shell.run(['message', 'get', ada.address, item, '--part', String(parts.length), '--out', part])).toMatchObject({ code: 0, stdout: `${part}: 2.9 MB\n` });
  expect(await readFile(part)).toEqual(Buffer.concat([...file.bytes()]));
  const missing = join(folder, 'none');
  expect((await shell.run(['message', 'get', ada.address, item, '--part', '99', '--out', missing])).code).not.toBe(0);
  await expect(stat(missing)).rejects.toThrow('ENOENT');
  const listed = await shell.run(['message', 'parts', ada.address, item]);
  expect(listed.stdout).toContain('Angebot é.pdf');
  expect(listed.stdout).toContain(digestOfSample({ itemClass: 'IPM.Note', content }));
});

test('a report of bytes that never arrived is refused, and the item is still wanted', async () => {
  await sql`update item set content_state = 'wanted', content_id = null where mailbox_id = ${ada.id} and id = ${item}`.execute(api.lab.owner);
  await sql`update definition set settings = ${JSON.stringify(replicationSettings({ withContent: true }))} where id = ${task.definition}`.execute(api.lab.owner);
  const site = await acme.site('paris');
  await sql`update task set site_id = ${site.row.id} where id = ${task.task}`.execute(api.lab.owner);
  await sql`update exchange_connection set site_id = ${site.row.id} where id = ${task.connection}`.execute(api.lab.owner);
  const run = await aTaskRun(api.lab.owner, task, [ada]);
  const claimed = await api.call(site.token, 'POST', `/site/v1/runs/${run}/mailboxes/claim`, { offset: 0, length: 1 });
  const { mailboxes: [claim] } = claimed.body as { mailboxes: { lease: string; contentDue: boolean }[] };
  expect(claim?.contentDue).toBe(true);
  const lease = { 'x-lockstep-lease': claim?.lease ?? '' };
  const report = (blob: string) => api.call(site.token, 'POST', `/site/v1/mailboxes/${ada.key}/content`, { items: [{ item, outcome: 'read', changeKey: 'k', blob, bytes: 1 }] }, lease);
  expect(await report('0'.repeat(64))).toMatchObject({ status: 503, body: { code: 'content.blob-missing' } });
  const next = await api.call(site.token, 'POST', `/site/v1/mailboxes/${ada.key}/content/next`, { after: null }, lease);
  expect((next.body as { items: { item: string }[] }).items.map((each) => each.item)).toEqual([item]);
  expect(await get('/eml')).toMatchObject({ status: 409, body: { code: 'content.not-stored' } });
  // What the archive has already need not be sent again.
  const { rows: [known] } = await sql<{ hash: string }>`select encode(sha256, 'hex') as hash from content where org_id = ${task.organisation} and stored_as = 'parts' limit 1`.execute(api.lab.owner);
  expect(await report(known?.hash ?? '')).toMatchObject({ status: 204 });
  expect((await get('/eml')).status).toBe(200);
});
