/** The watcher from end to end, without Temporal: a real domain, the real ingest API, a real database. */
import { pino } from 'pino';
import { watchDirectory, type WatchState } from '../../src/activities/directory/watch-directory.ts';
import { createIngestClient, type IngestClient } from '../../src/client/ingest-client.ts';
import type { SessionOptions } from '../../src/directory/ldap-session.ts';
import { createLdapSource } from '../../src/directory/ldap-source.ts';
import { directoryCredentialInfo, openSealed, sealTo } from '../../src/security/seal.ts';
import type { DirectorySettings } from '../../src/shared/directory.ts';
import type { DirectoryWatchTotals } from '../../src/shared/site-contract.ts';
import { labApi, type LabApi, type LabSite } from '../lab/api.ts';
import { anIntegration, aRun, endRun } from '../lab/builders.ts';
import { until } from '../lab/component.ts';
import { countingProxy, type CountingProxy } from '../lab/counting-proxy.ts';
import { administrator, type DirectoryAdministrator } from '../lab/samba/changes.ts';
import { samba, type SambaAccount, type SambaLab } from '../lab/samba.ts';

const lab = await samba();
const describeIf = 'skip' in lab ? describe.skip : describe;
const dc = lab as SambaLab;
const never = new AbortController().signal;
const person = (name: string) => `CN=${name},OU=People,${dc.baseDn}`;

let api: LabApi;
let site: LabSite;
let admin: DirectoryAdministrator;
let proxy: CountingProxy;
let ingest: IngestClient;

/** A directory of the site with this account and its password. */
async function aDirectory(account: SambaAccount, settings: Partial<DirectorySettings> = {}) {
  const integration = await anIntegration(api.lab.owner, site.row, {
    settings: { host: proxy.host, port: proxy.port, security: 'plain', account: account.bind, baseDn: dc.baseDn, pollSeconds: 0.1, ...settings },
  });
  const info = directoryCredentialInfo(integration.id);
  const sealed = await sealTo(site.row.seal_public_key ?? Buffer.alloc(0), Buffer.from(account.password), info);
  const credential = await api.keyring.encrypt(site.row.org_id, 'secrets', sealed, info);
  await api.lab.owner.updateTable('directory_integration').set({ credential }).where('id', '=', integration.id).execute();
  return integration;
}
type Directory = Awaited<ReturnType<typeof aDirectory>>;

/** Opens what the platform hands out, as a site does. */
const sourceOf = async (directory: Directory, { settings, sealedCredential }: { settings: DirectorySettings; sealedCredential: string }) => {
  const password = await openSealed(site.sealPrivateKey, Buffer.from(sealedCredential, 'base64'), directoryCredentialInfo(directory.id));
  const options: SessionOptions = { settings, password: password.toString() };
  return createLdapSource(options);
};

async function readInFull(directory: Directory): Promise<void> {
  const run = await aRun(api.lab.owner, directory);
  const answer = await ingest.openRun(run.id, never);
  const epoch = answer.cursor?.epoch ?? 0;
  let seq = 0;
  for await (const { findings, ...page } of (await sourceOf(directory, answer)).read(never)) {
    if (findings !== undefined) await ingest.putReport(run.id, { findings }, never);
    const committed = await ingest.postPage(run.id, { epoch, seq }, page, never);
    if (committed.outcome !== 'applied') throw new Error(committed.outcome);
    ({ seq } = committed);
  }
  await endRun(api.lab.owner, run);
}

interface Watching {
  readonly states: WatchState[];
  readonly outcome: Promise<DirectoryWatchTotals | Error>;
  stop(): Promise<DirectoryWatchTotals | Error>;
}
const started: Watching[] = [];
function watch(directory: Directory): Watching {
  const stop = new AbortController();
  const states: WatchState[] = [];
  const outcome = watchDirectory(
    { ingest, openSource: (access) => sourceOf(directory, access), logger: pino({ level: 'silent' }), timing: { heartbeatMs: 20, firstWaitMs: 20, longestWaitMs: 50, refreshMs: 200 } },
    directory.id,
    { heartbeat: (state) => void states.push(state), signal: stop.signal },
  ).catch((error: unknown) => error as Error);
  const watching: Watching = {
    states, outcome,
    stop: () => {
      stop.abort(new Error('stopped'));
      return outcome;
    },
  };
  started.push(watching);
  return watching;
}

const objectOf = (directory: Directory, name: string) =>
  api.lab.owner.selectFrom('directory_object').selectAll().where('integration_id', '=', directory.id).where('display_name', '=', name).executeTakeFirst();
const integrationOf = (directory: Directory) => api.lab.owner.selectFrom('directory_integration').selectAll().where('id', '=', directory.id).executeTakeFirstOrThrow();

if (!('skip' in lab)) {
  beforeAll(async () => {
    api = await labApi();
    site = await (await api.organisation('acme')).site('berlin');
    const baseUrl = await api.app.listen({ host: '127.0.0.1', port: 0 });
    ingest = createIngestClient({ baseUrl, token: async () => site.token, patience: { outageMs: 0, firstPauseMs: 5 } });
    admin = await administrator(dc);
    proxy = await countingProxy({ host: dc.address, port: 389 });
  });
  afterEach(async () => {
    for (const watching of started.splice(0)) await watching.stop();
  });
  afterAll(async () => {
    await admin.close();
    await proxy.close();
    await api.close();
  });
}

describeIf('a watched directory', () => {
  test('what changes in the domain is in the archive by itself: a disable, a rename, a moved container, a deletion', async () => {
    const directory = await aDirectory(dc.accounts.sync);
    const watching = watch(directory);
    await until('the watcher waits for the first reading', async () => watching.states.some(({ state }) => state === 'no-watermark'));
    await readInFull(directory);
    await until('it watches', async () => watching.states.some(({ state }) => state === 'watching'));
    expect(await objectOf(directory, 'Carol Clarke')).toMatchObject({ account_disabled: false, missing_since: null });

    await admin.modify(person('Carol Clarke'), { userAccountControl: '514' });
    await until('she is disabled', async () => (await objectOf(directory, 'Carol Clarke'))?.account_disabled === true);

    await admin.move(person('Erin Ellis'), person('Erin Married'));
    await until('she has her name', async () => (await objectOf(directory, 'Erin Ellis'))?.dn === person('Erin Married'));

    await admin.move(`OU=Contacts,${dc.baseDn}`, `OU=Contacts,OU=Resources,${dc.baseDn}`);
    const moved = `CN=Zoe Extern,OU=Contacts,OU=Resources,${dc.baseDn}`;
    await until('what is in the container has moved with it', async () => (await objectOf(directory, 'Zoe Extern'))?.dn === moved);

    const leaver = person('Short Stay');
    await admin.create(leaver, { objectClass: 'user', sAMAccountName: 'short', displayName: 'Short Stay', mail: 'short@lockstep.test' });
    await until('somebody came', async () => (await objectOf(directory, 'Short Stay')) !== undefined);
    await admin.remove(leaver);
    await until('and went', async () => (await objectOf(directory, 'Short Stay'))?.in_source === false);

    await admin.move(moved.replace('CN=Zoe Extern,', ''), `OU=Contacts,${dc.baseDn}`);
    await admin.move(person('Erin Married'), person('Erin Ellis'));
    await admin.modify(person('Carol Clarke'), { userAccountControl: '512' });
  });

  test('a controller that goes away and comes back costs nothing but time, and the reason is shown meanwhile', async () => {
    const directory = await aDirectory(dc.accounts.sync);
    await readInFull(directory);
    const watching = watch(directory);
    await until('it watches', async () => watching.states.some(({ state }) => state === 'watching'));
    const { host, port } = proxy;
    await proxy.close();
    await until('the reason is shown', async () => (await integrationOf(directory)).watch_error?.code === 'ldap.refused');
    expect(watching.states.at(-1)).toMatchObject({ state: 'waiting', code: 'ldap.refused' });
    await admin.modify(person('Dave Dunn'), { title: 'Head of Waiting' });
    proxy = await countingProxy({ host: dc.address, port: 389 }, { host, port });
    await until('the change has come', async () => (await objectOf(directory, 'Dave Dunn'))?.attributes['title']?.[0] === 'Head of Waiting');
    await until('the reason is gone', async () => (await integrationOf(directory)).watch_error === null);
    await admin.modify(person('Dave Dunn'), { title: 'Engineer' });
  });

  test('a full reading beside it takes nothing back', async () => {
    const directory = await aDirectory(dc.accounts.sync);
    await readInFull(directory);
    watch(directory);
    for (let round = 1; round <= 3; round++) {
      await admin.modify(person('Bob Baker'), { department: `Round ${round}` });
      await readInFull(directory);
      await until('the change is there', async () => (await objectOf(directory, 'Bob Baker'))?.attributes['department']?.[0] === `Round ${round}`);
    }
  });

  test('a watermark of another life makes the platform ask for a full reading, with the reason', async () => {
    const directory = await aDirectory(dc.accounts.sync);
    await readInFull(directory);
    const row = await api.lab.owner.selectFrom('page_cursor').select('value').where('owner', '=', directory.id).where('scope', '=', 'directory-changes').executeTakeFirstOrThrow();
    const watermark = { ...(JSON.parse(String(row.value)) as object), invocationId: '00000000-0000-4000-8000-000000000000' };
    await api.lab.owner.updateTable('page_cursor').set({ value: Buffer.from(JSON.stringify(watermark)) }).where('owner', '=', directory.id).where('scope', '=', 'directory-changes').execute();
    watch(directory);
    const reconciles = () => api.lab.owner.selectFrom('run').selectAll().where('integration_id', '=', directory.id).where('trigger', '=', 'reconcile').execute();
    await until('a full reading is asked for', async () => (await reconciles()).length === 1);
    expect((await reconciles())[0]).toMatchObject({ kind: 'directory-sync', reason: { code: 'controller-replaced', detail: expect.stringContaining(dc.hostName) as string } });
  });

  test('a refused password ends it at once, with the reason shown and no second try', async () => {
    const directory = await aDirectory({ ...dc.accounts.sync, password: 'wrong' });
    await api.lab.owner
      .insertInto('page_cursor')
      .values({ org_id: directory.org_id, owner: directory.id, scope: 'directory-changes', epoch: 1, seq: 0, phase: 'delta', value: Buffer.from(JSON.stringify({ method: 'dirsync', cookie: '', dnsHostName: dc.hostName, invocationId: null })) })
      .execute();
    proxy.requests();
    const outcome = await watch(directory).outcome;
    expect(outcome).toMatchObject({ type: 'AuthRejected', message: 'ldap.invalid-credentials', nonRetryable: true });
    // The bind, and perhaps the good-bye.
    expect(proxy.requests()).toBeLessThanOrEqual(2);
    expect((await integrationOf(directory)).watch_error).toMatchObject({ class: 'AuthRejected', code: 'ldap.invalid-credentials' });
  });

  test('it ends when the directory is paused, and when its settings change', async () => {
    const directory = await aDirectory(dc.accounts.sync);
    await readInFull(directory);
    const first = watch(directory);
    await until('it watches', async () => first.states.some(({ state }) => state === 'watching'));
    const { settings } = await integrationOf(directory);
    await api.lab.owner.updateTable('directory_integration').set({ settings: JSON.stringify({ ...settings, extraAttributes: ['employeeID'] }) }).where('id', '=', directory.id).execute();
    expect(await first.outcome).toMatchObject({ outcome: 'changed' });
    const second = watch(directory);
    await until('it watches again', async () => second.states.some(({ state }) => state === 'watching'));
    await api.lab.owner.updateTable('directory_integration').set({ state: 'paused' }).where('id', '=', directory.id).execute();
    expect(await second.outcome).toMatchObject({ outcome: 'paused' });
  });
});
