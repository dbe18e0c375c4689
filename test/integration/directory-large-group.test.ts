/**
 * A large group, which the directory gives in ranges of 1,500 and the site in parts, and what changes in it. LOCKSTEP_MEMBERS: of how many
 * people; at least 12,001.
 */
import { type SampleDirectory, startSampleDirectory } from '../../src/sample/directory/server.ts';
import type { DirectoryObject } from '../../src/sample/directory/model.ts';
import { type LabApi, labApi } from '../lab/api.ts';
import { until } from '../lab/component.ts';
import { SiteInProcess } from '../lab/site-in-process.ts';

const MEMBERS = Number(process.env['LOCKSTEP_MEMBERS'] ?? 50_001);
const dnsName = 'large.example.test';
const baseDn = 'DC=large,DC=example,DC=test';
const everybody = `CN=Everybody,${baseDn}`;
const person = (index: number): string => `CN=Person ${index},OU=People,${baseDn}`;
const user = ['top', 'person', 'organizationalPerson', 'user'];

function* objects(): Generator<DirectoryObject> {
  yield { dn: `OU=People,${baseDn}`, attributes: { objectClass: ['top', 'organizationalUnit'] } };
  yield { dn: `CN=svc,${baseDn}`, attributes: { objectClass: user, sAMAccountName: 'svc', userAccountControl: '512' } };
  for (let index = 0; index < MEMBERS; index++) yield { dn: person(index), attributes: { objectClass: user, mail: `person${index}@large.example` } };
  // A few are not in it yet.
  const member = Array.from({ length: MEMBERS - 1000 }, (_, index) => person(index));
  yield { dn: everybody, attributes: { objectClass: ['top', 'group'], displayName: 'Everybody', groupType: '8', member } };
}

let api: LabApi;
let site: SiteInProcess;
let directory: SampleDirectory;
beforeAll(async () => {
  api = await labApi();
  site = await SiteInProcess.enrolled(api, await api.app.listen({ host: '127.0.0.1', port: 0 }));
  directory = await startSampleDirectory({ model: { dnsName, netbiosName: 'LARGE', objects: objects(), passwords: { svc: 'secret' }, grants: { svc: { readDeleted: true } } } });
});
afterAll(async () => {
  await directory.close();
  await api.close();
});

/** What the directory holds, asked without LDAP. */
const inDirectory = (): string[] => {
  const found = [...directory.objects()].find(({ dn }) => dn === everybody)?.attributes['member'];
  return [found ?? []].flat().map(String).sort();
};
const inArchive = async (): Promise<string[]> => (await site.archive.members('Everybody')).map(({ dn }) => dn).sort();

test('every member is there, and who joins, leaves, is renamed or deleted is told', async () => {
  const settings = { host: directory.host, port: directory.port, security: 'plain' as const, account: `svc@${dnsName}`, baseDn };
  const integration = await site.directory('large', settings, 'secret');
  expect(await site.read(integration)).toMatchObject({ members: inDirectory().length });
  expect(await inArchive()).toEqual(inDirectory());

  site.watch(integration);
  const some = (from: number, count: number) => Array.from({ length: count }, (_, index) => person(from + index));
  const leaving = new Set(some(0, 2000));
  directory.modify(everybody, { member: [...new Set([...inDirectory(), ...some(MEMBERS - 1000, 1000)])].filter((dn) => !leaving.has(dn)) });
  directory.move(person(3000), `CN=Renamed,OU=People,${baseDn}`);
  directory.remove(person(3001));
  const expected = inDirectory();
  await until('the group has as many members as in the directory', async () => (await site.archive.group('Everybody')).members === expected.length, 120_000);
  await until('all that changed was told', async () => (await site.archive.person('person3001@large.example')).state === 'missing', 120_000);
  await site.stopWatching();
  expect(await inArchive()).toEqual(expected);
}, 300_000);
