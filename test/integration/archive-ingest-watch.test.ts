import { createHash, randomUUID } from 'node:crypto';
import { directoryCredentialInfo, openSealed, sealTo } from '../../src/security/seal.ts';
import { sql } from 'kysely';
import type { Directory } from '../../src/api/schemas/directories.ts';
import type { DirectoryChangesPage, DirectoryWatermark } from '../../src/shared/directory.ts';
import type { OpenRunAnswer, WatchAnswer } from '../../src/shared/site-contract.ts';
import { type LabApi, type LabOrganisation, labApi, type LabSite } from '../lab/api.ts';
import { anIntegration, aRun, directoryPage, endRun, userEntry } from '../lab/builders.ts';
import { readAll } from '../lab/reading.ts';

let api: LabApi;
let acme: LabOrganisation;
let berlin: LabSite;
let url: string;
beforeAll(async () => {
  api = await labApi();
  acme = await api.organisation('acme');
  berlin = await acme.site('berlin');
  url = await api.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => api.close());

const watermark = (cookie: string): DirectoryWatermark => ({ method: 'dirsync', dnsHostName: 'dc1.corp.example', invocationId: null, cookie });
const ada = userEntry('Ada Example');

/** A directory of the site with a password; read once when `read`. */
async function aDirectoryOf(site: LabSite, { read = true, password = 'secret' }: { readonly read?: boolean; readonly password?: string | null } = {}) {
  const integration = await anIntegration(api.lab.owner, site.row);
  if (password !== null) {
    const info = directoryCredentialInfo(integration.id);
    const sealed = await sealTo(site.row.seal_public_key ?? Buffer.alloc(0), Buffer.from(password), info);
    const credential = await api.keyring.encrypt(site.row.org_id, 'secrets', sealed, info);
    await api.lab.owner.updateTable('directory_integration').set({ credential }).where('id', '=', integration.id).execute();
  }
  if (read) {
    const run = await aRun(api.lab.owner, integration);
    await readAll(api.lab.app, run, [directoryPage({ entries: [ada], watermark: watermark('YQ==') })]);
    await endRun(api.lab.owner, run);
  }
  return integration;
}
const post = async (site: Pick<LabSite, 'token'>, path: string, body: unknown) => {
  const text = JSON.stringify(body);
  const response = await fetch(`${url}/site/v1${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${site.token}`,
      'content-type': 'application/json',
      'x-page-sha256': createHash('sha256').update(text).digest('hex'),
    },
    body: text,
  });
  const answer = await response.text();
  return { status: response.status, body: (answer === '' ? undefined : JSON.parse(answer)) as unknown };
};
const changesPage = (title: string, cookie = 'Yg=='): DirectoryChangesPage => ({
  entries: [],
  members: [],
  problems: [],
  changes: [{ guid: ada.guid, dn: ada.dn, deleted: false, attributes: { title: [title] }, memberAdded: [], memberRemoved: [] }],
  watermark: watermark(cookie),
});
const rowOf = (id: string) => api.lab.owner.selectFrom('directory_integration').selectAll().where('id', '=', id as never).executeTakeFirstOrThrow();

test('a watcher learns where to go on, gets a password that only its site can open, and only when it is new to it', async () => {
  const { id } = await aDirectoryOf(berlin);
  const { status, body } = await post(berlin, `/integrations/${id}/watch`, {});
  const answer = body as WatchAnswer;
  expect({ status, body }).toMatchObject({ status: 200, body: { pollSeconds: 30, cursor: { epoch: 1, seq: 0, watermark: watermark('YQ==') }, access: { settings: { account: 'svc@corp.example' } } } });
  const password = await openSealed(berlin.sealPrivateKey, Buffer.from(answer.access?.sealedCredential ?? '', 'base64'), directoryCredentialInfo(id));
  expect(password.toString()).toBe('secret');
  expect((await rowOf(id)).watched_at).toBeInstanceOf(Date);

  const again = (await post(berlin, `/integrations/${id}/watch`, { known: answer.version })).body;
  expect(again).toMatchObject({ version: answer.version });
  expect(again).not.toHaveProperty('access');
  const settings = JSON.stringify({ ...answer.access?.settings, pollSeconds: 5 });
  await api.lab.owner.updateTable('directory_integration').set({ settings }).where('id', '=', id).execute();
  expect((await post(berlin, `/integrations/${id}/watch`, { known: answer.version })).body).toMatchObject({ pollSeconds: 5, access: { settings: { pollSeconds: 5 } } });
});

test('a watcher waits while there is nothing to go on from, and ends when the directory is paused', async () => {
  const { id } = await aDirectoryOf(berlin, { read: false });
  expect((await post(berlin, `/integrations/${id}/watch`, {})).body).not.toHaveProperty('cursor');
  await api.lab.owner.updateTable('directory_integration').set({ state: 'paused' }).where('id', '=', id).execute();
  expect(await post(berlin, `/integrations/${id}/watch`, {})).toMatchObject({ status: 409, body: { code: 'directory.paused' } });
  const locked = await aDirectoryOf(berlin, { read: false, password: null });
  expect(await post(berlin, `/integrations/${locked.id}/watch`, {})).toMatchObject({ status: 422, body: { code: 'directory.credential-missing' } });
});

test('changes are committed once, in their order, and go on from the watermark of the last', async () => {
  const { id } = await aDirectoryOf(berlin);
  const path = `/integrations/${id}/changes`;
  expect(await post(berlin, `${path}/1/0`, changesPage('Countess'))).toEqual({ status: 200, body: { outcome: 'applied', seq: 1 } });
  expect(await post(berlin, `${path}/1/0`, changesPage('Countess'))).toEqual({ status: 200, body: { outcome: 'already-applied', seq: 1 } });
  expect(await post(berlin, `${path}/1/5`, changesPage('Duchess'))).toEqual({ status: 200, body: { outcome: 'stale', seq: 1 } });
  expect(await post(berlin, `${path}/2/0`, changesPage('Duchess'))).toMatchObject({ status: 409, body: { code: 'cursor.unknown-epoch' } });
  expect(await post(berlin, `${path}/1/1`, { ...changesPage('Duchess'), watermark: { method: 'usn' } })).toMatchObject({ status: 400 });
  const { attributes } = await api.lab.owner.selectFrom('directory_object').select('attributes').where('integration_id', '=', id).executeTakeFirstOrThrow();
  expect(attributes).toMatchObject({ title: ['Countess'] });
  expect((await post(berlin, `/integrations/${id}/watch`, {})).body).toMatchObject({ cursor: { epoch: 1, seq: 1, watermark: watermark('Yg==') } });
});

test('a watcher that can go on no more gets a full reading with the reason, and what it has read before is not taken', async () => {
  const { id } = await aDirectoryOf(berlin);
  const ask = (epoch: number) => post(berlin, `/integrations/${id}/needs-full`, { epoch, reason: 'cookie-rejected', detail: 'The controller does not take the cookie any more.' });
  expect(await ask(1)).toEqual({ status: 204, body: undefined });
  const runs = () => api.lab.owner.selectFrom('run').select(['kind', 'trigger', 'state', 'reason']).where('integration_id', '=', id).where('trigger', '=', 'reconcile').execute();
  const wanted = { kind: 'directory-sync', trigger: 'reconcile', state: 'queued', reason: { code: 'cookie-rejected', detail: 'The controller does not take the cookie any more.' } };
  expect(await runs()).toEqual([wanted]);
  expect((await post(berlin, `/integrations/${id}/watch`, {})).body).not.toHaveProperty('cursor');
  expect(await post(berlin, `/integrations/${id}/changes/1/0`, changesPage('Late'))).toMatchObject({ body: { outcome: 'superseded', epoch: 2 } });
  expect(await ask(1)).toMatchObject({ status: 204 });
  expect(await ask(2)).toMatchObject({ status: 204 });
  expect(await runs()).toEqual([wanted]);
});

describe('a watermark that is refused after each reading', () => {
  const detail = 'The controller does not take the cookie any more.';
  const reconciles = (id: string) =>
    api.lab.owner.selectFrom('run').selectAll().where('integration_id', '=', id as never).where('trigger', '=', 'reconcile').orderBy('number').execute();
  const shown = async (name: string) => ((await api.call(acme.tokens.read, 'GET', `/api/v1/directories/${name}`)).body as Directory).changes.reconcile;
  const epochOf = async (id: string) => Number((await api.lab.owner.selectFrom('page_cursor').select('epoch').where('owner', '=', id).where('scope', '=', 'directory-changes').executeTakeFirstOrThrow()).epoch);
  /** The watcher asks for a full reading, and gets it when a run was made. */
  async function refused(directory: Awaited<ReturnType<typeof aDirectoryOf>>, reason = 'cookie-rejected'): Promise<void> {
    await post(berlin, `/integrations/${directory.id}/needs-full`, { epoch: await epochOf(directory.id), reason, detail });
    await readAgain(directory);
  }
  async function readAgain(directory: Awaited<ReturnType<typeof aDirectoryOf>>): Promise<void> {
    const run = (await reconciles(directory.id)).find(({ state }) => state === 'queued');
    if (run === undefined) return;
    await readAll(api.lab.app, run, [directoryPage({ entries: [ada], watermark: watermark('YQ==') })]);
    await endRun(api.lab.owner, run);
  }
  const hourPasses = (id: string) =>
    sql`update run set requested_at = requested_at - interval '1 hour' where integration_id = ${id}`.execute(api.lab.owner)
      .then(() => sql`update directory_integration set reconcile_at = reconcile_at - interval '1 hour' where id = ${id}`.execute(api.lab.owner));

  test('is followed by two more readings at once, then by one an hour, which is shown and asked for in time', async () => {
    const directory = await aDirectoryOf(berlin);
    await refused(directory);
    await refused(directory);
    expect(await reconciles(directory.id)).toHaveLength(2);
    expect(await shown(directory.name)).toBeNull();

    await refused(directory);
    const made = await reconciles(directory.id);
    expect(made).toHaveLength(2);
    const notBefore = new Date((made[1]?.requested_at ?? new Date(0)).getTime() + 3_600_000).toISOString();
    expect(await shown(directory.name)).toEqual({ code: 'cookie-rejected', detail, notBefore });
    for (let asked = 0; asked < 3; asked++) expect((await post(berlin, `/integrations/${directory.id}/watch`, {})).body).not.toHaveProperty('cursor');
    expect(await reconciles(directory.id)).toHaveLength(2);

    await hourPasses(directory.id);
    api.engine.calls.length = 0;
    for (let asked = 0; asked < 3; asked++) await post(berlin, `/integrations/${directory.id}/watch`, {});
    expect(await reconciles(directory.id)).toHaveLength(3);
    const third = (await reconciles(directory.id))[2];
    expect(third).toMatchObject({ state: 'queued', reason: { code: 'cookie-rejected', detail } });
    expect(api.engine.calls).toEqual([`start ${acme.row.id} ${third?.id ?? ''}`]);
    expect(await shown(directory.name)).toBeNull();
    await readAgain(directory);
    await refused(directory);
    expect(await reconciles(directory.id)).toHaveLength(3);
    expect(await shown(directory.name)).toMatchObject({ code: 'cookie-rejected' });
  });

  test('waits for nothing when the reason is another one, and no more once somebody has read in full', async () => {
    const directory = await aDirectoryOf(berlin);
    await refused(directory);
    await refused(directory);
    await refused(directory, 'sees-less');
    expect(await reconciles(directory.id)).toHaveLength(3);
    await refused(directory, 'sees-less');
    await refused(directory, 'sees-less');
    expect(await reconciles(directory.id)).toHaveLength(4);
    expect(await shown(directory.name)).toMatchObject({ code: 'sees-less' });

    const run = await aRun(api.lab.owner, directory);
    await readAll(api.lab.app, run, [directoryPage({ entries: [ada], watermark: watermark('YQ==') })]);
    await endRun(api.lab.owner, run);
    expect(await shown(directory.name)).toBeNull();
    expect((await post(berlin, `/integrations/${directory.id}/watch`, {})).body).toHaveProperty('cursor');
  });
});

test('changes and a full reading keep each other from nothing: pages of both are applied as they come', async () => {
  const directory = await aDirectoryOf(berlin);
  const { id } = directory;
  const titleOf = async () => (await api.lab.owner.selectFrom('directory_object').select('attributes').where('integration_id', '=', id).where('guid', '=', ada.guid).executeTakeFirstOrThrow()).attributes['title'];
  const run = await aRun(api.lab.owner, directory);
  const opened = (await post(berlin, `/runs/${run.id}/open`, {})).body as OpenRunAnswer;
  const epoch = opened.cursor?.epoch ?? 0;
  const bob = userEntry('Bob Example');
  const pages = [directoryPage({ entries: [bob], last: false }), directoryPage({ entries: [userEntry('Eve Example')], last: false }), directoryPage({ entries: [ada], watermark: watermark('ZW5k'), last: true })];
  // Told before the reading began, so the watcher asks where to go on; from then on every page is taken at once.
  expect((await post(berlin, `/integrations/${id}/changes/1/0`, changesPage('Early'))).body).toMatchObject({ outcome: 'superseded' });
  const { cursor } = (await post(berlin, `/integrations/${id}/watch`, {})).body as WatchAnswer;
  if (cursor === undefined) throw new Error('there is nothing to go on from');
  for (const [seq, title] of ['Countess', 'Duchess'].entries()) {
    expect((await post(berlin, `/runs/${run.id}/pages/${epoch}/${seq}`, pages[seq])).body).toMatchObject({ outcome: 'applied', seq: seq + 1 });
    expect((await post(berlin, `/integrations/${id}/changes/${cursor.epoch}/${cursor.seq + seq}`, changesPage(title))).body).toMatchObject({ outcome: 'applied' });
    expect(await titleOf()).toEqual([title]);
  }
  expect((await post(berlin, `/runs/${run.id}/pages/${epoch}/2`, pages[2])).body).toMatchObject({ outcome: 'applied' });
  expect((await post(berlin, `/integrations/${id}/watch`, {})).body).toMatchObject({ cursor: { watermark: watermark('ZW5k') } });
  await endRun(api.lab.owner, run);
});

test('what keeps a watcher from watching is shown until it says otherwise', async () => {
  const { id } = await aDirectoryOf(berlin);
  const failure = { class: 'Unavailable', code: 'ldap.unreachable', message: 'No answer.', next: 'Look at the network.' };
  await post(berlin, `/integrations/${id}/watch`, { failure });
  expect((await rowOf(id)).watch_error).toEqual(failure);
  await post(berlin, `/integrations/${id}/watch`, {});
  expect((await rowOf(id)).watch_error).toBeNull();
});

test('another site sees nothing of it', async () => {
  const { id } = await aDirectoryOf(berlin);
  const paris = await acme.site('paris');
  for (const other of [id, randomUUID()]) {
    expect(await post(paris, `/integrations/${other}/watch`, {})).toMatchObject({ status: 404 });
    expect(await post(paris, `/integrations/${other}/changes/1/0`, changesPage('Mine'))).toMatchObject({ status: 404 });
    expect(await post(paris, `/integrations/${other}/needs-full`, { epoch: 1, reason: 'sees-less', detail: '' })).toMatchObject({ status: 404 });
  }
});
