import type { Configuration, ConfigurationChanges } from '../../src/api/schemas/config.ts';
import type { Directory } from '../../src/api/schemas/directories.ts';
import { type LabApi, labApi, type LabOrganisation } from '../lab/api.ts';

const settings = { security: 'ldaps', account: 'sync@corp.example', acknowledgeDisabled: true } as const;
const daily = { kind: 'daily', at: '08:30', timeZone: 'Europe/Berlin' } as const;

let api: LabApi;
let acme: LabOrganisation;
beforeAll(async () => {
  api = await labApi();
  acme = await api.organisation('acme');
  await acme.site('berlin');
  await admin('POST', '/directories', { name: 'corp', site: 'berlin', settings, password: 'Pa$$word-of-corp', schedule: daily, description: 'Headquarters' });
  await admin('POST', '/directories', { name: 'lab', site: 'berlin', settings, password: 'Pa$$word-of-lab', schedule: null });
  await admin('POST', '/directories/lab/pause');
});
afterAll(() => api.close());

const admin = (method: 'GET' | 'POST' | 'PUT', url: string, body?: unknown, organisation = acme) =>
  api.call(organisation.tokens.admin, method, `/api/v1${url}`, body);
const exported = async (organisation = acme) => (await admin('GET', '/config', undefined, organisation)).body as Configuration;
const imported = async (document: unknown, organisation = acme) => (await admin('PUT', '/config', document, organisation)).body as ConfigurationChanges;

test('an export holds every setting and no secret, and is the same each time', async () => {
  const { text } = await admin('GET', '/config');
  expect(JSON.parse(text)).toEqual({
    version: 1,
    organisation: 'acme',
    sites: [{ name: 'berlin', description: '', disabled: false }],
    directories: [
      { name: 'corp', description: 'Headquarters', site: 'berlin', settings, schedule: daily, jitterSeconds: 60, paused: false },
      { name: 'lab', description: '', site: 'berlin', settings, schedule: { kind: 'daily', at: '04:30', timeZone: 'UTC' }, jitterSeconds: 60, paused: true },
    ],
  });
  expect((await admin('GET', '/config')).text).toBe(text);
});

test('what was exported is imported without a change', async () => {
  expect(await imported(await exported())).toEqual({ applied: true, changes: [], unlisted: [], needPassword: [], warnings: [] });
});

test('a dry run says what would change, and changes nothing', async () => {
  const before = await exported();
  const document = {
    ...before,
    sites: [...before.sites, { name: 'madrid', description: 'new', disabled: false }],
    directories: before.directories.filter((one) => one.name === 'corp').map((one) => ({ ...one, paused: true, jitterSeconds: 5 })),
  };
  api.engine.calls.length = 0;
  const { status, body } = await admin('PUT', '/config?dryRun=true', document);
  expect([status, body]).toEqual([
    200,
    {
      applied: false,
      changes: [
        { subject: 'site', name: 'madrid', action: 'create', fields: [] },
        { subject: 'directory', name: 'corp', action: 'change', fields: ['jitterSeconds', 'paused'] },
      ],
      unlisted: [{ subject: 'directory', name: 'lab' }],
      needPassword: [],
      warnings: [],
    },
  ]);
  expect(await exported()).toEqual(before);
  expect(api.engine.calls).toEqual([]);
});

test('into another organisation everything is created and waits for its passwords; a second import does nothing', async () => {
  const other = await api.organisation('other');
  const document = await exported();
  api.engine.calls.length = 0;
  expect(await imported(document, other)).toMatchObject({
    applied: true,
    changes: [
      { subject: 'site', name: 'berlin', action: 'create' },
      { subject: 'directory', name: 'corp', action: 'create' },
      { subject: 'directory', name: 'lab', action: 'create' },
    ],
    needPassword: ['corp', 'lab'],
  });
  expect(api.engine.calls).toHaveLength(2);
  expect(await exported(other)).toEqual({ ...document, organisation: 'other' });
  expect(await imported(document, other)).toMatchObject({ changes: [], needPassword: ['corp', 'lab'] });
  expect((await admin('POST', '/directories/corp/sync', undefined, other)).body).toMatchObject({ code: 'directory.credential-missing' });
});

test('a password does not follow to another server', async () => {
  const organisation = await api.organisation('careful');
  await organisation.site('berlin');
  await admin('POST', '/directories', { name: 'corp', site: 'berlin', settings, password: 'p' }, organisation);
  const document = await exported(organisation);
  const moved = { ...document, directories: document.directories.map((one) => ({ ...one, settings: { ...one.settings, host: 'evil.example' } })) };
  expect(await imported(moved, organisation)).toMatchObject({ needPassword: ['corp'] });
  const { credential } = (await admin('GET', '/directories/corp', undefined, organisation)).body as Directory;
  expect(credential).toEqual({ set: false, changedAt: null });
});

test('a document with one mistake is refused whole, with every mistake named', async () => {
  const before = await exported();
  const { status, body } = await admin('PUT', '/config', {
    ...before,
    sites: [...before.sites, { name: 'oslo' }],
    directories: [...before.directories, { name: 'x', site: 'nowhere', settings: { ...settings, filter: '(' } }, { name: 'x', site: 'berlin', settings }],
  });
  expect([status, (body as { errors: { path: string }[] }).errors.map((error) => error.path)]).toEqual([
    422,
    ['/directories/3/name', '/directories/2/site', '/directories/2/settings/filter'],
  ]);
  expect(await exported()).toEqual(before);
});

test('a directory does not move to another site while a run of it is open', async () => {
  const organisation = await api.organisation('moving');
  await organisation.site('berlin');
  await organisation.site('madrid');
  await admin('POST', '/directories', { name: 'corp', site: 'berlin', settings, password: 'p' }, organisation);
  await admin('POST', '/directories/corp/sync', undefined, organisation);
  const document = await exported(organisation);
  const moved = { ...document, sites: [{ name: 'oslo' }], directories: document.directories.map((one) => ({ ...one, site: 'madrid' })) };
  expect(await admin('PUT', '/config', moved, organisation)).toMatchObject({ status: 409, body: { code: 'directory.run-open' } });
  expect(await exported(organisation)).toEqual(document);
});

test('a document of another version is refused', async () => {
  expect(await admin('PUT', '/config', { version: 2 })).toMatchObject({ status: 400, body: { errors: [{ path: '/version' }] } });
});
