/** The two directories that are held against each other, with the same data in both: the lab's seed and some bulk. */
import { type DirectoryModel, type DirectoryObject } from '../../src/sample/directory/model.ts';
import { startSampleDirectory } from '../../src/sample/directory/server.ts';
import { loadSamba, samba } from '../lab/samba.ts';
import { bulk } from '../lab/samba/bulk.ts';
import { baseDn, dnsName, netbiosName, password } from '../lab/samba/domain.ts';
import type { LoadEntry } from '../lab/samba/entry.ts';
import { seed } from '../lab/samba/seed.ts';

export interface Target {
  readonly name: 'the sample directory' | 'Samba';
  readonly url: string;
  readonly host: string;
  readonly port: number;
}
export { baseDn, dnsName, netbiosName, password };
/** May read everything; nothing more. */
export const reader = `svc-read@${dnsName}`;

/** One more than a page of AD, and one more group member than it answers at once. */
export const bulkPeople = 1501;

export async function sampleTarget(): Promise<Target & { close(): Promise<void> }> {
  const directory = await startSampleDirectory({ model: model() });
  return {
    name: 'the sample directory',
    url: directory.url,
    host: directory.host,
    port: directory.port,
    close: () => directory.close(),
  };
}

export async function sambaTarget(): Promise<Target | { skip: string }> {
  const found = await samba();
  if ('skip' in found) return found;
  const lab = await loadSamba(bulk({ people: bulkPeople }));
  return { name: 'Samba', url: lab.ldapUrl, host: lab.address, port: 389 };
}

const classes: Readonly<Record<string, readonly string[]>> = {
  user: ['top', 'person', 'organizationalPerson', 'user'],
  contact: ['top', 'person', 'organizationalPerson', 'contact'],
};

const object = ({ dn, attributes, links }: LoadEntry): DirectoryObject => {
  const objectClass = String(attributes['objectClass']?.[0]);
  return { dn, attributes: { ...attributes, ...links, objectClass: classes[objectClass] ?? ['top', objectClass] } };
};
const model = (): DirectoryModel => {
  const entries = [...seed(new Date()), ...bulk({ people: bulkPeople })];
  const passwords = entries.flatMap(({ attributes, password }): [string, string][] =>
    password === undefined ? [] : [[String(attributes['sAMAccountName']?.[0]), password]],
  );
  return { dnsName, netbiosName, objects: entries.map(object), passwords: Object.fromEntries(passwords) };
};
