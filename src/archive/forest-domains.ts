/** The domains of a directory's forest, and which of them the organisation reads: the others are offered. */
import type { DirectoryDomain, DirectoryFindings, DirectorySettings } from '../shared/directory.ts';
import type { OrganisationTransaction } from './database.ts';
import { isWithin, normalDn } from './directory-dn.ts';

/** A directory of the organisation, as far as it says which domain it reads. */
export interface DomainReader {
  readonly name: string;
  readonly settings: Pick<DirectorySettings, 'baseDn'>;
  readonly findings: DirectoryFindings | null;
}

export interface ForestDomain extends DirectoryDomain {
  /** Names of the organisation's directories that read it. */
  readonly readBy: readonly string[];
  /** Under which name it could be added; null when it is read. */
  readonly suggestedName: string | null;
}

/** By name. */
export const listDomainReaders = (tx: OrganisationTransaction): Promise<DomainReader[]> =>
  tx.selectFrom('directory_integration').select(['name', 'settings', 'findings']).orderBy('name').execute();

/** The domains of one forest, in their order, with who reads them. */
export function forestDomains(domains: readonly DirectoryDomain[], readers: readonly DomainReader[]): readonly ForestDomain[] {
  const taken = new Set(readers.map(({ name }) => name));
  const readBy = new Map<string, string[]>();
  for (const reader of readers) {
    const dn = readDomain(domains, reader)?.dn;
    if (dn !== undefined) readBy.set(dn, [...(readBy.get(dn) ?? []), reader.name]);
  }
  return domains.map((domain) => {
    const names = readBy.get(domain.dn) ?? [];
    if (names.length > 0) return { ...domain, readBy: names, suggestedName: null };
    const suggestedName = freeName(domain, taken);
    taken.add(suggestedName);
    return { ...domain, readBy: names, suggestedName };
  });
}

/** The domain that a person means by its DNS name, its NetBIOS name, its naming context, or the name that was suggested for it. */
export const domainNamed = (domains: readonly ForestDomain[], text: string): ForestDomain | undefined => {
  const wanted = text.trim().toLowerCase();
  const normal = normalDn(text);
  return domains.find(
    ({ dn, dnsName, netbiosName, suggestedName }) =>
      [dnsName, netbiosName, suggestedName].some((name) => name?.toLowerCase() === wanted) || (normal !== undefined && normalDn(dn) === normal),
  );
};

/** Its base DN lies in the domain and in none below it; without one it is what its controller holds. */
function readDomain(domains: readonly DirectoryDomain[], { settings, findings }: DomainReader): DirectoryDomain | undefined {
  const place = normalDn(settings.baseDn ?? findings?.domains.find(({ own }) => own)?.dn ?? '');
  if (place === undefined) return undefined;
  const around = domains.flatMap((domain) => {
    const normal = normalDn(domain.dn);
    return normal !== undefined && isWithin(place, normal) ? [{ domain, length: normal.length }] : [];
  });
  return around.sort((a, b) => b.length - a.length)[0]?.domain;
}

/** Names are of up to 40 characters (src/shared/names.ts); two are kept for a number. */
const NAME_LENGTH = 38;

function freeName({ netbiosName, dnsName }: DirectoryDomain, taken: ReadonlySet<string>): string {
  const slug = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').slice(0, NAME_LENGTH).replaceAll(/^-+|-+$/g, '');
  const names = [netbiosName ?? '', dnsName.split('.')[0] ?? '', dnsName].map(slug).filter((name) => name !== '');
  const free = names.find((name) => !taken.has(name));
  if (free !== undefined) return free;
  const base = names[0] ?? 'domain';
  for (let number = 2; ; number++) if (!taken.has(`${base}-${number}`)) return `${base}-${number}`;
}
