import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createConnection, newConnectionId } from '../../src/archive/connections.ts';
import { withOrganisation } from '../../src/archive/database.ts';
import { EncryptionCodec } from '../../src/codec/payload-codec.ts';
import { openTaskToken, sealTaskToken } from '../../src/gateway/task-token.ts';
import { abandonLostKeys } from '../../src/security/abandon-lost-keys.ts';
import { Keyring, keyIdOf } from '../../src/security/keyring.ts';
import { createMasterKeyFile, loadMasterKey, masterKeyOf } from '../../src/security/master-key.ts';
import { rotateInstallationKey, rotateOrganisationKey } from '../../src/security/rotate-keys.ts';
import { rotateMasterKey, rotateMasterKeyFile, wrappingMasterKey } from '../../src/security/rotate-master-key.ts';
import { connectionCredentialInfo, directoryCredentialInfo, sealTo } from '../../src/security/seal.ts';
import { SITE_ACCESS, signToken, verifyToken } from '../../src/security/signed-token.ts';
import { SiteIdentity } from '../../src/security/site-identity.ts';
import { authenticateSite } from '../../src/security/site-token.ts';
import { createSiteTokenProvider } from '../../src/security/site-token-provider.ts';
import type { IntegrationId } from '../../src/shared/ids.ts';
import { anIntegration, anOrganisation, aSite } from '../lab/builders.ts';
import { labFolder } from '../lab/component.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { type EnrolledSite, enrolledSite, organisationWithKey, platformLab, type PlatformLab } from '../lab/site-platform.ts';

let lab: PlatformLab;
beforeAll(async () => {
  lab = await platformLab();
});
afterAll(() => lab.close());

async function withFreshDatabase(work: (database: LabDatabase) => Promise<void>): Promise<void> {
  const database = await freshDatabase();
  try {
    await work(database);
  } finally {
    await database.close();
  }
}

const newMasterKey = () => masterKeyOf(randomBytes(32));
const secret = (text: string) => Buffer.from(text, 'utf8');
const codeOf = (call: Promise<unknown>): Promise<string> => call.then(() => 'OK', (error: Error & { code?: string }) => error.code ?? error.message);

/** An integration of the site whose stored credential is `password`. */
async function credentialOf(site: EnrolledSite, password: string): Promise<IntegrationId> {
  const { id: organisation } = lab.organisation;
  const row = await lab.database.owner.selectFrom('site').selectAll().where('id', '=', site.id).executeTakeFirstOrThrow();
  const integration = await anIntegration(lab.database.owner, row);
  const info = directoryCredentialInfo(integration.id);
  const sealed = await sealTo(row.seal_public_key ?? Buffer.alloc(0), secret(password), info);
  await setCredential(integration.id, await lab.keyring.encrypt(organisation, 'secrets', sealed, info));
  return integration.id;
}
const setCredential = (integration: IntegrationId, credential: Buffer | null) =>
  lab.database.owner.updateTable('directory_integration').set({ credential }).where('id', '=', integration).execute();
const storedCredential = async (integration: IntegrationId): Promise<Buffer> => {
  const row = await lab.database.owner.selectFrom('directory_integration').select('credential').where('id', '=', integration).executeTakeFirstOrThrow();
  return row.credential ?? Buffer.alloc(0);
};
/** The password, as the site gets at it: the platform takes its layer off, the site opens the seal. */
async function passwordAt(site: EnrolledSite | { identity: SiteIdentity }, integration: IntegrationId, keyring = lab.keyring): Promise<string> {
  const info = directoryCredentialInfo(integration);
  const sealed = await keyring.decrypt(lab.organisation.id, 'secrets', await storedCredential(integration), info);
  return site.identity.openCredential(sealed, integration);
}

test('A ciphertext opens only for its organisation, purpose and context, and only unchanged', async () => {
  const { keyring, organisation } = lab;
  const other = await organisationWithKey(lab.database, keyring);
  const ciphertext = await keyring.encrypt(organisation.id, 'secrets', secret('s3cret'), 'a');
  expect(ciphertext.includes('s3cret')).toBe(false);
  expect(await keyring.decrypt(organisation.id, 'secrets', ciphertext, 'a')).toEqual(secret('s3cret'));
  const refused = 'key.ciphertext-unreadable';
  expect(await codeOf(keyring.decrypt(organisation.id, 'secrets', ciphertext, 'b'))).toBe(refused);
  expect(await codeOf(keyring.decrypt(organisation.id, 'links', ciphertext, 'a'))).toBe(refused);
  expect(await codeOf(keyring.decrypt(other.id, 'secrets', ciphertext, 'a'))).toBe(refused);
  for (let i = 0; i < ciphertext.length; i++) {
    const bent = Buffer.from(ciphertext);
    bent[i] = (bent[i] ?? 0) ^ 1;
    expect(await codeOf(keyring.decrypt(organisation.id, 'secrets', bent, 'a'))).toBe(refused);
    expect(await codeOf(keyring.decrypt(organisation.id, 'secrets', ciphertext.subarray(0, i), 'a'))).toBe(refused);
  }
});

test('A wrapped key that was moved to another organisation is refused', async () => {
  const [victim, thief] = [await organisationWithKey(lab.database, lab.keyring), await organisationWithKey(lab.database, lab.keyring)];
  const stolen = await lab.database.owner.selectFrom('encryption_key').select(['wrapped']).where('org_id', '=', victim.id).executeTakeFirstOrThrow();
  await lab.database.owner.updateTable('encryption_key').set({ wrapped: stolen.wrapped }).where('org_id', '=', thief.id).execute();
  expect(await codeOf(lab.keyring.encrypt(thief.id, 'secrets', secret('x'), 'a'))).toBe('key.unwrap-failed');
});

test('Two servers that start at once on an empty database use the same keys', () =>
  withFreshDatabase(async ({ app }) => {
    const masterKey = newMasterKey();
    const [one, two] = await Promise.all([Keyring.open(app, masterKey), Keyring.open(app, masterKey)]);
    expect((await one.codecKeys().active()).id).toBe((await two.codecKeys().active()).id);
    expect((await one.tokenKeys().active()).key).toEqual((await two.tokenKeys().active()).key);
  }));

test('A wrong master key is refused at start, by name', () =>
  withFreshDatabase(async ({ app, owner }) => {
    const right = newMasterKey();
    await Keyring.open(app, right);
    const wrong = newMasterKey();
    const refusal = await Keyring.open(app, wrong).then(() => undefined, (error: Error & { code: string }) => error);
    expect(refusal).toMatchObject({ class: 'ConfigInvalid', code: 'key.master-wrong' });
    expect(refusal?.message).toContain(right.fingerprint);
    expect(refusal?.message).toContain(wrong.fingerprint);
    expect(await owner.selectFrom('encryption_key').selectAll().execute()).toHaveLength(2);
  }));

test('A master key file is private, never overwritten, and refused when missing, malformed or readable by others', async () => {
  const file = `${await mkdtemp(`${labFolder()}/master-`)}/keys/master.key`;
  expect(await codeOf(loadMasterKey({ file }))).toBe('key.master-missing');
  expect(await codeOf(loadMasterKey({}))).toBe('key.master-missing');
  const made = await createMasterKeyFile(file);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await loadMasterKey({ file })).fingerprint).toBe(made.fingerprint);
  expect((await loadMasterKey({ file: 'nowhere', env: await readFile(file, 'utf8') })).fingerprint).toBe(made.fingerprint);
  expect(await codeOf(createMasterKeyFile(file))).toBe('key.master-file-exists');
  for (const mode of [0o640, 0o604, 0o620]) {
    await chmod(file, mode);
    expect(await codeOf(loadMasterKey({ file }))).toBe('key.master-file-readable');
  }
  await chmod(file, 0o600);
  for (const content of ['', 'abc', randomBytes(31).toString('base64'), randomBytes(32).toString('hex')]) {
    await writeFile(file, content);
    const refusal = await loadMasterKey({ file }).then(() => undefined, (error: Error & { code: string }) => error);
    expect(refusal?.code).toBe('key.master-malformed');
    if (content !== '') expect(refusal?.message).not.toContain(content);
    expect(await codeOf(loadMasterKey({ env: content === '' ? ' ' : content }))).toBe('key.master-malformed');
  }
});

test('Rotation of the master key re-wraps every key; the old one opens nothing after, and nothing has to be encrypted anew', () =>
  withFreshDatabase(async (database) => {
    const [from, to] = [newMasterKey(), newMasterKey()];
    const running = await Keyring.open(database.app, from);
    const organisations = [await organisationWithKey(database, running), await organisationWithKey(database, running)];
    const ciphertexts = await Promise.all(organisations.map(({ id }) => running.encrypt(id, 'secrets', secret(`of ${id}`), 'a')));

    expect(await rotateMasterKey(database.owner, from, to)).toEqual({ rewrapped: 4 });
    expect(await codeOf(Keyring.open(database.app, from))).toBe('key.master-wrong');
    const restarted = await Keyring.open(database.app, to);
    for (const [i, { id }] of organisations.entries()) {
      expect(await restarted.decrypt(id, 'secrets', ciphertexts[i] ?? Buffer.alloc(0), 'a')).toEqual(secret(`of ${id}`));
      // A server that was not restarted yet goes on with the keys that it holds, …
      expect(await running.decrypt(id, 'secrets', ciphertexts[i] ?? Buffer.alloc(0), 'a')).toEqual(secret(`of ${id}`));
    }
    expect((await running.codecKeys().active()).id).toBe((await restarted.codecKeys().active()).id);
    // … but adds none that the new master key could not open.
    const { id } = await anOrganisation(database.owner);
    expect(await codeOf(withOrganisation(database.app, id, (tx) => running.createOrganisationKey(tx, id)))).toBe('key.master-wrong');
    expect(await codeOf(rotateInstallationKey({ database: database.app, masterKey: from }, 'codec'))).toBe('key.master-wrong');
    await withOrganisation(database.app, id, (tx) => restarted.createOrganisationKey(tx, id));
  }));

test('A rotation from a wrong master key changes nothing', () =>
  withFreshDatabase(async (database) => {
    const right = newMasterKey();
    const keyring = await Keyring.open(database.app, right);
    await organisationWithKey(database, keyring);
    const rows = () => database.owner.selectFrom('encryption_key').selectAll().orderBy('id').execute();
    const before = await rows();
    expect(await codeOf(rotateMasterKey(database.owner, newMasterKey(), newMasterKey()))).toBe('key.master-wrong');
    expect(await rows()).toEqual(before);
  }));

test('Rotation of a master key file is finished by running it again, at whatever point it was broken off', () =>
  withFreshDatabase(async (database) => {
    const folder = await mkdtemp(`${labFolder()}/master-`);
    const file = `${folder}/master.key`;
    const first = await createMasterKeyFile(file);
    await Keyring.open(database.app, first);

    // Broken off after the new key was written.
    const pending = await createMasterKeyFile(`${file}.new`);
    const done = await rotateMasterKeyFile(database.owner, file);
    expect(done).toEqual({ from: first.fingerprint, to: pending.fingerprint, oldFile: `${file}.old-${first.fingerprint}` });
    await Keyring.open(database.app, await loadMasterKey({ file }));

    // Broken off after the database had changed.
    const second = await loadMasterKey({ file });
    const third = await createMasterKeyFile(`${file}.new`);
    await rotateMasterKey(database.owner, second, third);
    await rotateMasterKeyFile(database.owner, file);
    expect((await loadMasterKey({ file })).fingerprint).toBe(third.fingerprint);
    expect(await wrappingMasterKey(database.owner)).toBe(third.fingerprint);
    expect((await readdir(folder)).sort()).toEqual(['master.key', `master.key.old-${first.fingerprint}`, `master.key.old-${second.fingerprint}`].sort());

    // A file that belongs to another database is not mixed in.
    await rm(file);
    await createMasterKeyFile(file);
    expect(await codeOf(rotateMasterKeyFile(database.owner, file))).toBe('key.master-wrong');
  }));

test('When the master key is lost, new keys are made and what nobody can read is forgotten; never when it is not lost', () =>
  withFreshDatabase(async (database) => {
    const lost = newMasterKey();
    const before = await Keyring.open(database.app, lost);
    const organisation = await organisationWithKey(database, before);
    const integration = await anIntegration(database.owner, await aSite(database.owner, organisation), { credential: randomBytes(90) });
    const fresh = newMasterKey();
    expect(await codeOf(abandonLostKeys(database.owner, lost))).toBe('key.not-lost');
    expect(await abandonLostKeys(database.owner, fresh)).toEqual({ organisations: 1, credentials: 1 });
    const after = await Keyring.open(database.app, fresh);
    const ciphertext = await after.encrypt(organisation.id, 'secrets', secret('new'), 'a');
    expect(await after.decrypt(organisation.id, 'secrets', ciphertext, 'a')).toEqual(secret('new'));
    const kept = await database.owner.selectFrom('directory_integration').selectAll().where('id', '=', integration.id).executeTakeFirstOrThrow();
    expect(kept).toEqual({ ...integration, credential: null });
    expect(await codeOf(Keyring.open(database.app, lost))).toBe('key.master-wrong');
  }));

test("Rotation of an organisation's key re-encrypts its credentials and touches no other organisation", async () => {
  const site = await enrolledSite(lab);
  const [one, two] = [await credentialOf(site, 'p4ssword one'), await credentialOf(site, 'p4ssword two')];
  const other = await organisationWithKey(lab.database, lab.keyring);
  const oldLink = await lab.keyring.encrypt(lab.organisation.id, 'links', secret('old'), 'l');
  const othersKeys = () => lab.database.owner.selectFrom('encryption_key').selectAll().where('org_id', '=', other.id).execute();
  const before = { one: await storedCredential(one), others: await othersKeys() };

  const { keyId, reencrypted } = await rotateOrganisationKey({ database: lab.database.app, masterKey: lab.masterKey }, lab.organisation.id);
  expect(reencrypted).toBe(2);
  expect(keyIdOf(before.one)).not.toBe(keyId);
  expect(keyIdOf(await storedCredential(one))).toBe(keyId);
  expect(keyIdOf(await storedCredential(two))).toBe(keyId);
  expect(await passwordAt(site, one)).toBe('p4ssword one');
  expect(await passwordAt(site, two)).toBe('p4ssword two');
  // What is encrypted from now on is under the new key, what was before is still readable, in a restarted server too.
  expect(keyIdOf(await lab.keyring.encrypt(lab.organisation.id, 'secrets', secret('x'), 'a'))).toBe(keyId);
  const restarted = await Keyring.open(lab.database.app, lab.masterKey);
  expect(await restarted.decrypt(lab.organisation.id, 'links', oldLink, 'l')).toEqual(secret('old'));
  expect(await othersKeys()).toEqual(before.others);
});

test('An unreadable credential stops the rotation of the organisation key, and nothing is changed', async () => {
  const organisation = await organisationWithKey(lab.database, lab.keyring);
  const site = await enrolledSite(lab, organisation);
  const row = await lab.database.owner.selectFrom('site').selectAll().where('id', '=', site.id).executeTakeFirstOrThrow();
  await anIntegration(lab.database.owner, row, { credential: randomBytes(80) });
  const keys = () => lab.database.owner.selectFrom('encryption_key').selectAll().where('org_id', '=', organisation.id).execute();
  const before = await keys();
  expect(await codeOf(rotateOrganisationKey({ database: lab.database.app, masterKey: lab.masterKey }, organisation.id))).toBe('key.ciphertext-unreadable');
  expect(await keys()).toEqual(before);
});

test('After rotation of the codec key new payloads use the new key and old ones are still decoded', () =>
  withFreshDatabase(async ({ app }) => {
    const masterKey = newMasterKey();
    const deps = { database: app, masterKey };
    const before = await Keyring.open(app, masterKey);
    const payload = { metadata: { encoding: secret('json/plain') }, data: secret('"before"') };
    const [old] = await new EncryptionCodec(before.codecKeys()).encode([payload]);
    const { keyId } = await rotateInstallationKey(deps, 'codec');
    const codec = new EncryptionCodec((await Keyring.open(app, masterKey)).codecKeys());
    const [fresh] = await codec.encode([payload]);
    expect(Buffer.from(fresh?.metadata?.['key'] ?? []).toString()).toBe(keyId);
    expect(Buffer.from(old?.metadata?.['key'] ?? []).toString()).not.toBe(keyId);
    const decoded = await codec.decode([old ?? {}, fresh ?? {}]);
    expect(decoded.map(({ data }) => Buffer.from(data ?? []).toString())).toEqual(['"before"', '"before"']);
    // A server that was not restarted meets a key that it does not know, and looks it up.
    const fromRunning = await new EncryptionCodec(before.codecKeys()).decode([fresh ?? {}]);
    expect(Buffer.from(fromRunning[0]?.data ?? []).toString()).toBe('"before"');
  }));

test('After rotation of the token key old tokens are good for their own lifetime, and not a second longer', () =>
  withFreshDatabase(async ({ app }) => {
    const masterKey = newMasterKey();
    const before = (await Keyring.open(app, masterKey)).tokenKeys();
    const site = randomUUID() as never;
    const token = await signToken(before, SITE_ACCESS, { sub: 'x' });
    const task = await sealTaskToken(before, site, secret('task'));
    await rotateInstallationKey({ database: app, masterKey }, 'token');
    const after = (await Keyring.open(app, masterKey)).tokenKeys();
    expect(await verifyToken(after, SITE_ACCESS, token)).toMatchObject({ sub: 'x' });
    expect(await openTaskToken(after, site, task)).toEqual(secret('task'));
    // Whoever stole the old key can sign for any time he likes; it is refused all the same.
    const later = new Date(Date.now() + 11 * 60_000);
    const forged = await signToken(before, SITE_ACCESS, { sub: 'x' }, later);
    expect(await verifyToken(after, SITE_ACCESS, forged, later)).toBeUndefined();
    expect(await verifyToken(after, SITE_ACCESS, await signToken(after, SITE_ACCESS, { sub: 'y' }, later), later)).toMatchObject({ sub: 'y' });
    expect(await openTaskToken(after, site, task, Date.now() + 25 * 3_600_000)).toBeUndefined();
  }));

test('A site replaces its keys: its credentials are re-sealed, old tokens end, and the engine goes on', async () => {
  const site = await enrolledSite(lab);
  const [one, two] = [await credentialOf(site, 'p4ss one'), await credentialOf(site, 'p4ss two')];
  const deps = { database: lab.database.app, keyring: lab.keyring };
  const oldToken = await site.tokens.token();
  const oldIdentity = JSON.parse(await readFile(`${site.stateFolder}/site-identity.json`, 'utf8')) as { signPrivateKey: string };

  // Another process of the site does it, as `lockstep keys rotate site` does.
  const other = await SiteIdentity.load(site.stateFolder);
  await other?.rotateKeys(site.platform, oldToken);

  const newIdentity = JSON.parse(await readFile(`${site.stateFolder}/site-identity.json`, 'utf8')) as { signPrivateKey: string };
  expect(newIdentity.signPrivateKey).not.toBe(oldIdentity.signPrivateKey);
  expect((await stat(`${site.stateFolder}/site-identity.json`)).mode & 0o777).toBe(0o600);
  // The running engine notices by itself.
  expect(await passwordAt(site, one)).toBe('p4ss one');
  expect(await passwordAt(site, two)).toBe('p4ss two');
  const newToken = await site.tokens.token();
  expect(newToken).not.toBe(oldToken);
  expect(await authenticateSite(deps, `Bearer ${newToken}`)).toMatchObject({ siteId: site.id });
  expect(await codeOf(authenticateSite(deps, `Bearer ${oldToken}`))).toBe('site.token-invalid');
});

test('A change of keys is refused as a whole when a credential changed meanwhile, or when the present key did not sign it', async () => {
  const site = await enrolledSite(lab);
  const integration = await credentialOf(site, 'first');
  const token = await site.tokens.token();
  const row = () => lab.database.owner.selectFrom('site').selectAll().where('id', '=', site.id).executeTakeFirstOrThrow();
  const before = await row();

  const interfering = (change: () => Promise<unknown>) => ({
    ...site.platform,
    rotateKeys: async (bearer: string, request: Parameters<typeof site.platform.rotateKeys>[1]) => {
      await change();
      return site.platform.rotateKeys(bearer, request);
    },
  });
  const changed = interfering(async () => {
    const info = directoryCredentialInfo(integration);
    const sealed = await sealTo(before.seal_public_key ?? Buffer.alloc(0), secret('second'), info);
    await setCredential(integration, await lab.keyring.encrypt(lab.organisation.id, 'secrets', sealed, info));
  });
  expect(await codeOf(site.identity.rotateKeys(changed, token))).toBe('site.credentials-changed');
  let added: IntegrationId | undefined;
  const another = interfering(async () => {
    added = await credentialOf(site, 'new one');
  });
  expect(await codeOf(site.identity.rotateKeys(another, token))).toBe('site.credentials-changed');

  // A thief of the access token alone, without the signing key.
  const thief = await enrolledSite(lab);
  const forged = { ...site.platform, rotateKeys: (_: string, request: Parameters<typeof site.platform.rotateKeys>[1]) => site.platform.rotateKeys(token, request) };
  expect(await codeOf(thief.identity.rotateKeys({ ...forged, credentials: async () => ({ credentials: [] }) }, await thief.tokens.token()))).toMatch(
    /^site\.(?:keys-invalid|credentials-changed)$/,
  );
  expect(await row()).toMatchObject({ sign_public_key: before.sign_public_key, seal_public_key: before.seal_public_key });
  expect(await passwordAt(site, integration)).toBe('second');

  await site.identity.rotateKeys(site.platform, token);
  expect(await passwordAt(site, integration)).toBe('second');
  expect(added === undefined ? '' : await passwordAt(site, added)).toBe('new one');
});

test('When the answer to a change of keys is lost, the site finds out which keys are in force', async () => {
  const site = await enrolledSite(lab);
  const integration = await credentialOf(site, 'p4ss');
  const losing = {
    ...site.platform,
    rotateKeys: async (...args: Parameters<typeof site.platform.rotateKeys>) => {
      await site.platform.rotateKeys(...args);
      throw new Error('connection reset');
    },
  };
  await expect(site.identity.rotateKeys(losing, await site.tokens.token())).rejects.toThrow('connection reset');
  expect(await readdir(site.stateFolder)).toContain('site-identity.next.json');

  const restarted = await SiteIdentity.load(site.stateFolder);
  if (restarted === undefined) throw new Error('no identity');
  const tokens = createSiteTokenProvider({ identity: restarted, platform: site.platform, node: 'node-1', version: '0.1.0' });
  await tokens.token();
  expect(await readdir(site.stateFolder)).toEqual(['site-identity.json']);
  expect(await passwordAt({ identity: restarted }, integration)).toBe('p4ss');

  // And the other way: the request was lost, so the keys before are in force and the new ones are forgotten.
  const unsent = { ...site.platform, rotateKeys: () => Promise.reject(new Error('connection refused')) };
  await expect(restarted.rotateKeys(unsent, await tokens.token())).rejects.toThrow('connection refused');
  const again = createSiteTokenProvider({ identity: restarted, platform: site.platform, node: 'node-1', version: '0.1.0' });
  await again.token();
  expect(await passwordAt({ identity: restarted }, integration)).toBe('p4ss');
});

test("Credentials of exchange connections go along with a change of the site's keys and of the organisation's", async () => {
  const site = await enrolledSite(lab);
  const { id: organisation } = lab.organisation;
  const id = newConnectionId();
  const info = connectionCredentialInfo(id);
  const { seal_public_key: key } = await lab.database.owner.selectFrom('site').select('seal_public_key').where('id', '=', site.id).executeTakeFirstOrThrow();
  const sealed = await sealTo(key ?? Buffer.alloc(0), secret('exchange'), info);
  const settings = { type: 'ews', url: 'https://mail.corp.example/EWS/Exchange.asmx', authentication: 'ntlm', account: 'svc' } as const;
  const credential = await lab.keyring.encrypt(organisation, 'secrets', sealed, info);
  await withOrganisation(lab.database.app, organisation, (tx) => createConnection(tx, organisation, { id, siteId: site.id, name: 'rotated', settings, credential }));
  const stored = async () => (await lab.database.owner.selectFrom('exchange_connection').select('credential').where('id', '=', id).executeTakeFirstOrThrow()).credential;
  const opened = async () => lab.keyring.decrypt(organisation, 'secrets', (await stored()) ?? Buffer.alloc(0), info);

  await site.identity.rotateKeys(site.platform, await site.tokens.token());
  const resealed = await opened();
  expect(resealed.equals(sealed)).toBe(false);
  const present = await site.platform.credentials(await site.tokens.token());
  expect(present.credentials.map(({ context }) => context)).toEqual([info]);

  const before = await stored();
  await rotateOrganisationKey({ database: lab.database.app, masterKey: lab.masterKey }, organisation);
  expect((await stored())?.equals(before ?? Buffer.alloc(0))).toBe(false);
  expect((await opened()).equals(resealed)).toBe(true);
});

test('A site sees its own credentials only', async () => {
  const [mine, other] = [await enrolledSite(lab), await enrolledSite(lab)];
  const integration = await credentialOf(mine, 'p4ss');
  await credentialOf(other, 'theirs');
  const { credentials } = await mine.platform.credentials(await mine.tokens.token());
  expect(credentials.map(({ context }) => context)).toEqual([directoryCredentialInfo(integration)]);
  const answer = await fetch(`${lab.url}/site/v1/credentials`);
  expect(answer.status).toBe(401);
});
