import { describeVersion } from './server-version.ts';

test.each([
  [{ major: 15, minor: 0, build: 847, revision: 32 }, 'Exchange 2013 (15.0.847.32).'],
  [{ major: 15, minor: 1, build: 2507, revision: 6 }, 'Exchange 2016 (15.1.2507.6).'],
  [{ major: 15, minor: 2, build: 1748, revision: 10 }, 'Exchange 2019 (15.2.1748.10).'],
  [{ major: 15, minor: 2, build: 2562, revision: 17 }, 'Exchange SE (15.2.2562.17).'],
])('%j is called %s', (version, name) => {
  expect(describeVersion(version)).toBe(name);
});

test.each([
  { major: 14, minor: 3, build: 123, revision: 4 },
  { major: 15, minor: 0, build: 775, revision: 38 },
])('%j is too old', (version) => {
  expect(() => describeVersion(version)).toThrow(expect.objectContaining({ code: 'ews.version-unsupported' }) as Error);
});
