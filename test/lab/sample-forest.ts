/**
 * The lab's topologies in sample directories, with the data of the domain controllers (test/lab/samba.ts). What Samba
 * cannot is here as on Windows: parent and child share one configuration, name each other's members by DN, and refer to
 * each other.
 */
import * as sample from '../../src/sample/directory/server.ts';
import { sidText } from '../../src/ldap-filter/sid.ts';
import { accounts, corp, type Domain, emea, password, resource } from './samba/domain.ts';
import type { LoadEntry } from './samba/entry.ts';
import { childSeed, parentSeed } from './samba/parent-child.ts';
import { accountsSeed, resourceSeed } from './samba/resource-forest.ts';
import { sampleModel } from './samba/sample-model.ts';

export interface SampleDomain {
  readonly directory: sample.SampleDirectory;
  readonly baseDn: string;
  readonly dnsName: string;
  readonly netbiosName: string;
  readonly domainSid: string;
  readonly accounts: {
    /** May read changes and deleted objects. */
    readonly sync: SampleAccount;
    /** An ordinary user: may read neither. */
    readonly read: SampleAccount;
  };
}
interface SampleAccount {
  /** User principal name: what a bind takes. */
  readonly bind: string;
  readonly password: string;
}
type Options = Omit<sample.SampleDirectoryOptions, 'model'>;

/** The parent comes first. Whoever starts them closes `directory` of each. */
export async function sampleParentChild(options: Options = {}): Promise<{ parent: SampleDomain; child: SampleDomain }> {
  const forest = { domains: [corp, emea] };
  const [inParent, inChild] = [parentSeed(), childSeed()];
  const dnOf = (sid: string): string => named([...inParent, ...inChild], sid);
  return {
    parent: await start(corp, { ...sampleModel(corp, inParent, dnOf), forest }, options),
    child: await start(emea, { ...sampleModel(emea, inChild, dnOf), forest }, options),
  };
}

/** Two forests, joined by SIDs alone. Whoever starts them closes `directory` of each. */
export const sampleResourceForest = async (
  options: Options = {},
): Promise<{ accounts: SampleDomain; resource: SampleDomain }> => ({
  accounts: await start(accounts, sampleModel(accounts, accountsSeed()), options),
  resource: await start(resource, sampleModel(resource, resourceSeed()), options),
});

async function start(
  domain: Domain,
  model: sample.SampleDirectoryOptions['model'],
  options: Options,
): Promise<SampleDomain> {
  const { baseDn, dnsName, netbiosName, domainSid } = domain;
  const account = (name: string): SampleAccount => ({ bind: `${name}@${dnsName}`, password });
  return {
    directory: await sample.startSampleDirectory({ ...options, model }),
    baseDn,
    dnsName,
    netbiosName,
    domainSid,
    accounts: { sync: account('svc-sync'), read: account('svc-read') },
  };
}

function named(entries: readonly LoadEntry[], sid: string): string {
  const entry = entries.find(({ attributes }) => {
    const [value] = attributes['objectSid'] ?? [];
    return Buffer.isBuffer(value) && sidText(value) === sid;
  });
  if (entry === undefined) throw new Error(`nobody has the SID ${sid}`);
  return entry.dn;
}
