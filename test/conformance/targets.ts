/** The two directories that are held against each other, with the same data in both: the lab's seed and some bulk. */
import { type SampleDirectory, startSampleDirectory } from '../../src/sample/directory/server.ts';
import { loadSamba, resetSamba, samba, type SambaDomain } from '../lab/samba.ts';
import { bulk } from '../lab/samba/bulk.ts';
import { administrator, type DirectoryAdministrator, type Values } from '../lab/samba/changes.ts';
import { baseDn, corp, dnsName, netbiosName, password } from '../lab/samba/domain.ts';
import { fullClass, sampleModel } from '../lab/samba/sample-model.ts';
import { seed } from '../lab/samba/seed.ts';

/** What a check changes before it asks. */
export type Changes = Pick<
  DirectoryAdministrator,
  'create' | 'modify' | 'addValues' | 'removeValues' | 'move' | 'remove'
>;
export interface Target {
  readonly name: 'the sample directory' | 'Samba';
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly changes: Changes;
  close(): Promise<void>;
}
export { baseDn, dnsName, netbiosName, password };
/** May read everything that is not deleted; nothing more. */
export const reader = `svc-read@${dnsName}`;
/** May read changes and deleted objects. */
export const synchroniser = `svc-sync@${dnsName}`;

/** One more than a page of AD, and one more group member than it answers at once. */
export const bulkPeople = 1501;

export async function sampleTarget({ people = bulkPeople } = {}): Promise<Target> {
  const entries = [...seed(new Date()), ...(people === 0 ? [] : bulk({ people }))];
  return sampleTargetOf(await startSampleDirectory({ model: sampleModel(corp, entries) }));
}

export async function sambaTarget({ people = bulkPeople } = {}): Promise<Target | { skip: string }> {
  const found = await samba();
  if ('skip' in found) return found;
  return sambaTargetOf(people === 0 ? await resetSamba() : await loadSamba(bulk({ people })));
}

export const sampleTargetOf = (directory: SampleDirectory): Target => ({
  name: 'the sample directory',
  url: directory.url,
  host: directory.host,
  port: directory.port,
  changes: changesOf(directory),
  close: () => directory.close(),
});

export async function sambaTargetOf(domain: SambaDomain): Promise<Target> {
  const changes = await administrator(domain);
  return { name: 'Samba', url: domain.ldapUrl, host: domain.address, port: 389, changes, close: () => changes.close() };
}

/** As an administrator makes them over LDAP, which the sample does not speak. */
const changesOf = (directory: SampleDirectory): Changes => ({
  create: async (dn, attributes: Values) =>
    directory.put({ dn, attributes: { ...attributes, objectClass: fullClass(String(attributes['objectClass'])) } }),
  modify: async (dn, attributes) => directory.modify(dn, attributes),
  addValues: async (dn, values) => directory.addValues(dn, values),
  removeValues: async (dn, values) => directory.removeValues(dn, values),
  move: async (dn, newDn) => directory.move(dn, newDn),
  remove: async (dn) => directory.remove(dn),
});
