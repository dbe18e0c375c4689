/**
 * Where else to look: referrals (MS-ADTS 3.1.1.4.6; RFC 4511, section 4.1.10) and continuations (MS-ADTS 3.1.1.4.7; RFC
 * 4511, section 4.5.3). What there is elsewhere is in the crossRef objects of the configuration.
 */
import { dnKey, isWithin, parentDn } from '../../ldap-filter/dn.ts';
import type { StoredObject } from './object-table.ts';
import type { DirectoryStore } from './store.ts';

interface Partition {
  /** Its head. */
  readonly dn: string;
  readonly key: string;
  readonly dnsRoot: string;
}

function partitions(store: DirectoryStore): Partition[] {
  const container = store.find(`CN=Partitions,${store.controller.configurationDn}`);
  if (container === undefined || container === null) return [];
  return [...store.within(container, 'one')].flatMap((crossRef) => {
    const dn = String(store.values(crossRef, 'nCName')[0] ?? '');
    const dnsRoot = String(store.values(crossRef, 'dnsRoot')[0] ?? '');
    const key = dnKey(dn);
    return crossRef.deleted || key === undefined || dnsRoot === '' ? [] : [{ dn, key, dnsRoot }];
  });
}

/** The innermost. */
const partitionOf = (key: string, all: readonly Partition[]): Partition | undefined =>
  all.filter((partition) => isWithin(key, partition.key)).sort((a, b) => b.key.length - a.key.length)[0];

/**
 * URL for a base that is not here but in another naming context of the forest, or outside of it. Undefined: it would be
 * here, or its name does not say where it is.
 */
export function referral(base: string, store: DirectoryStore): string | undefined {
  const key = dnKey(base) ?? '';
  const partition = partitionOf(key, partitions(store));
  if (partition === undefined) {
    // A domain that the forest does not know is looked for under its DNS name.
    const labels = /(?:^|,)((?:dc=[^,=]+,)*dc=[^,=]+)$/.exec(key)?.[1];
    return labels === undefined ? undefined : url(labels.replaceAll('dc=', '').replaceAll(',', '.'), base);
  }
  return store.contextOf(key) === partition.key ? undefined : url(partition.dnsRoot, base);
}

/** URLs of the naming contexts directly below the one that is searched, as far as the search reaches them. */
export function continuationReferences(
  base: StoredObject,
  scope: 'base' | 'one' | 'sub',
  store: DirectoryStore,
): string[] {
  if (scope === 'base') return [];
  const all = partitions(store);
  const context = store.contextOf(base.key);
  return all
    .filter(
      ({ key }) => key !== base.key && isWithin(key, base.key) && partitionOf(parentDn(key), all)?.key === context,
    )
    .filter(({ key }) => scope === 'sub' || parentDn(key) === base.key)
    .map(({ dn, dnsRoot }) => `${url(dnsRoot, dn)}${scope === 'one' ? '??base' : ''}`);
}

/** RFC 4516; of what occurs in a DN only the space and a few others have to be escaped. */
const url = (host: string, dn: string): string => `ldap://${host}/${encodeURI(dn).replaceAll('?', '%3F')}`;
