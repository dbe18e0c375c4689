/** Real Active Directory domains for tests. `skip`: why there can be none; with CI=true that is an error instead. */
import { accounts, corp, emea, resource } from './samba/domain.ts';
import type { LoadEntry } from './samba/entry.ts';
import { childCrossRef, childSeed, parentSeed } from './samba/parent-child.ts';
import { accountsSeed, resourceSeed } from './samba/resource-forest.ts';
import { seed } from './samba/seed.ts';
import { accountOf, type SambaAccount, type SambaDomain, ServedDomain, type Skip } from './samba/served-domain.ts';

export type { SambaAccount, SambaDomain };

/** The single domain: seed data in samba/seed.ts. */
export interface SambaLab extends SambaDomain {
  readonly accounts: SambaDomain['accounts'] & {
    readonly disabled: SambaAccount;
    readonly locked: SambaAccount;
    readonly expired: SambaAccount;
    readonly mustChange: SambaAccount;
  };
}

const single = new ServedDomain('samba', corp, () => seed(new Date()));

/** The domain controller of this test file, with its seed data. Started on first use, ended by the global tear-down. */
export async function samba(): Promise<SambaLab | Skip> {
  const domain = await single.open();
  return 'skip' in domain ? domain : withOddAccounts(domain);
}

/** Throws away every change since the seed. Connections end; about 1.5 s. */
export const resetSamba = async (): Promise<SambaLab> => withOddAccounts(await single.reset());

/** Adds entries in bulk (samba/bulk.ts makes some). Connections end. About 4 ms a person. */
export const loadSamba = async (entries: Iterable<LoadEntry>): Promise<SambaLab> =>
  withOddAccounts(await single.load(entries));

const withOddAccounts = (domain: SambaDomain): SambaLab => ({
  ...domain,
  accounts: {
    ...domain.accounts,
    disabled: accountOf(corp, 'svc-disabled'),
    locked: accountOf(corp, 'svc-locked'),
    expired: accountOf(corp, 'svc-expired'),
    mustChange: accountOf(corp, 'svc-must-change'),
  },
});

/** Seed data, and what differs from Windows: samba/parent-child.ts, samba/resource-forest.ts. */
const topologies = {
  'parent-child': {
    parent: new ServedDomain('samba-parent', corp, parentSeed, childCrossRef),
    child: new ServedDomain('samba-child', emea, childSeed),
  },
  'resource-forest': {
    accounts: new ServedDomain('samba-accounts', accounts, accountsSeed),
    resource: new ServedDomain('samba-resource', resource, resourceSeed),
  },
} as const;
export type SambaTopology = keyof typeof topologies;
/** By role: `parent` and `child`, or `accounts` and `resource`. */
export type SambaForest<Topology extends SambaTopology> = {
  readonly [Role in keyof (typeof topologies)[Topology]]: SambaDomain;
};

/**
 * The domains of a topology, each on a domain controller of its own with its seed data. Started on first use (about
 * 10 s), ended by the global tear-down.
 */
export async function sambaForest<Topology extends SambaTopology>(
  topology: Topology,
): Promise<SambaForest<Topology> | Skip> {
  const entries = await forEach(topology, (domain) => domain.open());
  const skipped = entries.find((entry): entry is [string, Skip] => 'skip' in entry[1]);
  return skipped === undefined ? (Object.fromEntries(entries) as SambaForest<Topology>) : skipped[1];
}

/** Throws away every change of all its domains since the seed. Connections end. */
export const resetSambaForest = async <Topology extends SambaTopology>(
  topology: Topology,
): Promise<SambaForest<Topology>> =>
  Object.fromEntries(await forEach(topology, (domain) => domain.reset())) as SambaForest<Topology>;

const forEach = <T>(topology: SambaTopology, what: (domain: ServedDomain) => Promise<T>): Promise<[string, T][]> =>
  Promise.all(
    Object.entries<ServedDomain>(topologies[topology]).map(async ([role, domain]): Promise<[string, T]> => [
      role,
      await what(domain),
    ]),
  );
