/** A child domain on real domain controllers: found in the parent's configuration, offered, added from the parent and read. */
import { readFile } from 'node:fs/promises';
import type { Directory } from '../../src/api/schemas/directories.ts';
import { type DirectoryRuns, directoryRuns } from '../lab/directory-runs.ts';
import { sambaForest } from '../lab/samba.ts';

const forest = await sambaForest('parent-child');
if ('skip' in forest) {
  test.skip(`a child domain: ${forest.skip}`, () => undefined);
} else {
  const { parent, child } = forest;
  let lab: DirectoryRuns;
  beforeAll(async () => {
    lab = await directoryRuns('directory-domains-samba');
  });
  afterAll(() => lab.close());
  const show = (name: string) => lab.call<Directory>('GET', `/directories/${name}`);
  const portOf = (url: string) => Number(new URL(url).port || 636);

  test('it is found, offered, added from the parent with a controller and an account of its own, and read', async () => {
    const caPem = await readFile(parent.caFile, 'utf8');
    await lab.addDirectory(
      'corp',
      { host: parent.address, port: portOf(parent.ldapsUrl), security: 'ldaps', caPem, account: parent.accounts.sync.bind, acknowledgeDisabled: true },
      parent.accounts.sync.password,
    );
    expect(await lab.run('/directories/corp/sync')).toMatchObject({ state: 'succeeded' });
    expect((await show('corp')).findings?.domains).toEqual([
      { dn: parent.baseDn, dnsName: parent.dnsName, netbiosName: parent.netbiosName, parentDn: null, own: true, readBy: ['corp'], suggestedName: null },
      { dn: child.baseDn, dnsName: child.dnsName, netbiosName: child.netbiosName, parentDn: parent.baseDn, own: false, readBy: [], suggestedName: 'emea' },
    ]);

    const overrides = { host: child.address, port: portOf(child.ldapsUrl), account: child.accounts.sync.bind };
    // Each domain of the lab has an authority of its own.
    const authority = { caPem: await readFile(child.caFile, 'utf8') };
    const added = await lab.call<Directory>('POST', '/directories', { name: 'emea', from: 'corp', overrides: { ...overrides, ...authority }, password: child.accounts.sync.password });
    expect(added).toMatchObject({ site: 'berlin', settings: { ...overrides, security: 'ldaps', baseDn: child.baseDn } });
    expect(await lab.run('/directories/emea/test')).toMatchObject({ state: 'succeeded' });
    expect((await lab.run('/directories/emea/sync')).state).toBe('succeeded');
    expect(await lab.call('GET', '/people/gwen@emea.lockstep.test')).toMatchObject({ displayName: 'Gwen Green' });
    expect((await show('corp')).findings?.domains.map(({ readBy }) => readBy)).toEqual([['corp'], ['emea']]);
    expect((await show('emea')).changes).toMatchObject({ method: 'dirsync', deletionsVisible: true });
  });

  test('one of its people is synchronised on demand', async () => {
    const run = await lab.run('/directories/emea/objects', { by: 'address', value: 'hugo@emea.lockstep.test' });
    expect(run.report?.map(({ step, outcome }) => `${step} ${outcome}`)).toEqual(['connect passed', 'find passed', 'read passed', 'scope passed', 'apply passed']);
    expect(run.report?.at(-1)?.detail).toBe('Hugo Hall is in the archive as it is in the directory: nothing changed.');
  });
}
