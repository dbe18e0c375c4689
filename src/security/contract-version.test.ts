import { expect, test } from '@jest/globals';
import { requireSupportedContract } from './contract-version.ts';

test.each([
  ['1.5', '1.5'],
  ['1.4', '1.5'],
  ['1.3', '1.5'],
  ['1.0', '1.2'],
  ['2.0', '2.0'],
])('A site with contract %s is served by a server with %s', (site, server) => {
  expect(() => requireSupportedContract(site, server)).not.toThrow();
});

test.each([
  ['1.2', '1.5', 'Upgrade the site.'],
  ['0.9', '1.0', 'Upgrade the site.'],
  ['1.9', '2.0', 'Upgrade the site.'],
  ['', '1.0', 'Upgrade the site.'],
  ['1', '1.0', 'Upgrade the site.'],
  ['1.0-beta', '1.0', 'Upgrade the site.'],
  ['1.6', '1.5', 'Upgrade the platform: it must not be older than its sites.'],
  ['2.0', '1.5', 'Upgrade the platform: it must not be older than its sites.'],
])('A site with contract "%s" is refused by a server with %s, with the words what to do', (site, server, next) => {
  const refusal = () => requireSupportedContract(site, server);
  expect(refusal).toThrow(expect.objectContaining({ class: 'ConfigInvalid', code: 'site.contract-unsupported', next }));
});
