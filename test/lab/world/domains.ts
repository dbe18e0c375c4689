/** Three domains of one organisation: a parent with the mailboxes of another forest's accounts, its child, and those accounts. */
import { baseDnOf, type DirectoryObject } from '../../../src/sample/directory/model.ts';
import type { Limits } from '../../../src/sample/directory/limits.ts';
import { type SampleDirectory, startSampleDirectory } from '../../../src/sample/directory/server.ts';
import type { PlainDirectory } from './plain-reading.ts';
import type { DirectorySettings } from '../../../src/shared/directory.ts';

export const roles = ['corp', 'emea', 'accounts'] as const;
export type Role = (typeof roles)[number];

export const PASSWORD = 'S3cret of the watcher';
/** Department of those whom the child's filter leaves out. */
export const INTERN = 'Intern';

export interface WorldDomain {
  readonly role: Role;
  readonly directory: SampleDirectory;
  readonly dnsName: string;
  readonly baseDn: string;
  readonly domainSid: string;
  readonly mailDomain: string;
  /** User principal name of the account that reads, and may see what was deleted. */
  readonly account: string;
  readonly reader: PlainDirectory['reader'];
  /** How the integration is set up, beyond where the directory is. */
  readonly scope: Pick<DirectorySettings, 'searchBases' | 'filter'>;
  /** Containers that stay where they are. */
  readonly staff: string;
  readonly groups: string;
  /** No search base of the parent. */
  readonly outside: string;
}

export const classes = {
  ou: ['top', 'organizationalUnit'],
  user: ['top', 'person', 'organizationalPerson', 'user'],
  group: ['top', 'group'],
  foreignPrincipal: ['top', 'foreignSecurityPrincipal'],
};

/** `name`: of this world among others of the same organisation. Whoever starts them closes `directory` of each. */
export async function startDomains(name: string, limits: Partial<Limits>): Promise<Record<Role, WorldDomain>> {
  const parent = { dnsName: `${name}.example.test`, netbiosName: name.toUpperCase() };
  const child = { dnsName: `emea.${parent.dnsName}`, netbiosName: `${name.toUpperCase()}EMEA` };
  const forest = { domains: [parent, child] };
  const other = { dnsName: `accounts-${name}.example.test`, netbiosName: `${name.toUpperCase()}ACC` };
  const [corp, emea, accounts] = await Promise.all([
    start('corp', name, { ...parent, forest }, limits),
    start('emea', name, { ...child, forest }, limits),
    start('accounts', name, other, limits),
  ]);
  return { corp, emea, accounts };
}

type Names = Pick<Parameters<typeof startSampleDirectory>[0]['model'], 'dnsName' | 'netbiosName' | 'forest'>;

async function start(role: Role, name: string, names: Names, limits: Partial<Limits>): Promise<WorldDomain> {
  const { dnsName } = names;
  const baseDn = baseDnOf(dnsName);
  const domainSid = `S-1-5-21-${numberOf(name)}-${1 + roles.indexOf(role)}-7`;
  const [staff, groups, outside] = ['Staff', 'Groups', 'Outside'].map((unit) => `OU=${unit},${baseDn}`) as [string, string, string];
  const unit = (dn: string): DirectoryObject => ({ dn, attributes: { objectClass: classes.ou } });
  const service: DirectoryObject = {
    dn: `CN=svc,${outside}`,
    attributes: { objectClass: classes.user, sAMAccountName: 'svc', userPrincipalName: `svc@${dnsName}`, userAccountControl: '512' },
  };
  const directory = await startSampleDirectory({
    model: { ...names, domainSid, objects: [unit(staff), unit(groups), unit(outside), service], passwords: { svc: PASSWORD }, grants: { svc: { readDeleted: true } } },
    limits,
  });
  const scopes: Record<Role, WorldDomain['scope']> = {
    corp: { searchBases: [staff, groups] },
    emea: { filter: `(!(department=${INTERN}))` },
    accounts: {},
  };
  const mailDomain = `${role}.${name}.test`;
  const account = `svc@${dnsName}`;
  const reader = { url: directory.url, bind: account, password: PASSWORD };
  return { role, directory, dnsName, baseDn, domainSid, mailDomain, account, reader, scope: scopes[role], staff, groups, outside };
}

/** Domains of different worlds have different SIDs. */
const numberOf = (name: string): number => [...name].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) % 4_000_000_000, 7);
