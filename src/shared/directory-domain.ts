import type { DirectorySettings } from './directory.ts';

/**
 * DNS domain in which a domain controller is looked for: the DC parts of the base DN, else the domain of the account
 * (`name@domain`, or the DC parts of a DN). The base DN comes first, because only a controller of its domain can give it; an account may be
 * of another domain of the forest.
 */
export function domainOf({ account, baseDn }: Pick<DirectorySettings, 'account' | 'baseDn'>): string | null {
  const ofBase = dnsNameOf(baseDn ?? '');
  if (ofBase !== null) return ofBase;
  const at = account.lastIndexOf('@');
  if (at >= 0 && at < account.length - 1) return account.slice(at + 1).toLowerCase();
  return dnsNameOf(account);
}

function dnsNameOf(dn: string): string | null {
  const parts = [...dn.matchAll(/(?:^|,)\s*DC\s*=\s*([^,\\+]+)/gi)].map((match) => (match[1] ?? '').trim().toLowerCase());
  return parts.length > 0 ? parts.join('.') : null;
}
