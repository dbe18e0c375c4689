import fc from 'fast-check';
import { configurationIssues, type CurrentConfiguration, planConfiguration } from './configuration-plan.ts';
import type { Configuration, ConfiguredDirectory, ConfiguredSite } from './schemas/config.ts';

const site = (change: Partial<ConfiguredSite> = {}): ConfiguredSite => ({ name: 'berlin', description: '', disabled: false, ...change });
const directory = (change: Partial<ConfiguredDirectory> = {}): ConfiguredDirectory => ({
  name: 'corp',
  description: '',
  site: 'berlin',
  settings: { security: 'ldaps', account: 'sync@corp.example', acknowledgeDisabled: true },
  schedule: null,
  jitterSeconds: 60,
  paused: false,
  ...change,
});
const document = (change: Partial<Configuration> = {}): Configuration => ({ version: 1, sites: [site()], directories: [directory()], ...change });
const current = (change: Partial<CurrentConfiguration> = {}): CurrentConfiguration => ({
  sites: [site()],
  directories: [{ ...directory(), hasCredential: true }],
  ...change,
});
const nothing: CurrentConfiguration = { sites: [], directories: [] };

test('into an empty organisation everything is created, and needs its passwords', () => {
  expect(planConfiguration(nothing, document())).toMatchObject({
    sites: [{ wanted: site(), changedFields: undefined }],
    directories: [{ wanted: directory(), changedFields: undefined, dropsCredential: false }],
    needPassword: ['corp'],
    unlisted: [],
  });
});

test('what is there already is no step', () => {
  expect(planConfiguration(current(), document())).toEqual({ sites: [], directories: [], unlisted: [], needPassword: [], warnings: [] });
});

test('no schedule and an absent schedule say the same', () => {
  const absent: ConfiguredDirectory = { ...directory() };
  delete absent.schedule;
  expect(planConfiguration(current(), document({ directories: [absent] })).directories).toEqual([]);
});

test('names the fields that change', () => {
  const plan = planConfiguration(
    current(),
    document({ sites: [site({ disabled: true })], directories: [directory({ paused: true, settings: { ...directory().settings, filter: '(mail=*)' } })] }),
  );
  expect(plan.sites[0]?.changedFields).toEqual(['disabled']);
  expect(plan.directories[0]).toMatchObject({ changedFields: ['settings', 'paused'], dropsCredential: false });
  expect(plan.needPassword).toEqual([]);
});

test.each<[string, Partial<ConfiguredDirectory>]>([
  ['another site', { site: 'madrid' }],
  ['another host', { settings: { ...directory().settings, host: 'evil.example' } }],
  ['another port', { settings: { ...directory().settings, port: 1636 } }],
  ['less protection', { settings: { ...directory().settings, security: 'plain' } }],
  ['another authority', { settings: { ...directory().settings, caPem: 'x' } }],
  ['another account', { settings: { ...directory().settings, account: 'other@corp.example' } }],
])('a password does not follow to %s', (_where, change) => {
  const plan = planConfiguration(current(), document({ directories: [directory(change)] }));
  expect(plan.directories[0]?.dropsCredential).toBe(true);
  expect(plan.needPassword).toEqual(['corp']);
});

test('what the document does not name stays, and is listed', () => {
  expect(planConfiguration(current(), document({ sites: [], directories: [] })).unlisted).toEqual([
    { subject: 'site', name: 'berlin' },
    { subject: 'directory', name: 'corp' },
  ]);
});

test('a plain connection is warned of', () => {
  const plain = directory({ settings: { ...directory().settings, security: 'plain' } });
  expect(planConfiguration(nothing, document({ directories: [plain] })).warnings).toEqual([expect.stringContaining('corp: NOT ENCRYPTED')]);
});

test('everything that is wrong is said at once, each at its place', () => {
  const wrong = document({
    sites: [site(), site()],
    directories: [
      directory({ site: 'nowhere' }),
      directory({ name: 'two', settings: { ...directory().settings, filter: '(' }, schedule: { kind: 'daily', at: '08:00', timeZone: 'Mars' } }),
      directory(),
    ],
  });
  expect(configurationIssues(nothing, wrong).map((issue) => issue.path)).toEqual([
    '/sites/1/name',
    '/directories/2/name',
    '/directories/0/site',
    '/directories/1/settings/filter',
    '/directories/1/schedule/timeZone',
  ]);
  expect(configurationIssues(current(), document({ sites: [] }))).toEqual([]);
});

test('importing what was imported is never a step', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const sites = fc.uniqueArray(fc.record({ name, description: fc.string(), disabled: fc.boolean() }), { selector: (one) => one.name });
  const directories = fc.uniqueArray(
    fc.record({ name, description: fc.string(), site: name, paused: fc.boolean(), jitterSeconds: fc.nat(3600), host: fc.option(fc.domain(), { nil: undefined }) }),
    { selector: (one) => one.name },
  );
  fc.assert(
    fc.property(sites, directories, (someSites, someDirectories) => {
      const wanted = document({
        sites: someSites,
        directories: someDirectories.map(({ host, ...one }) =>
          directory({ ...one, settings: { ...directory().settings, ...(host === undefined ? {} : { host }) } }),
        ),
      });
      const after = { sites: wanted.sites, directories: wanted.directories.map((one) => ({ ...one, hasCredential: false })) };
      const again = planConfiguration(after, wanted);
      return again.sites.length === 0 && again.directories.length === 0 && again.unlisted.length === 0;
    }),
  );
});
