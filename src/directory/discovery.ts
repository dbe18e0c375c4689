import { lookup as systemLookup, type SrvRecord } from 'node:dns';
import { resolveSrv } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import type { DirectorySettings } from '../shared/directory.ts';
import { domainOf } from '../shared/directory-domain.ts';
import { LockstepError } from '../shared/errors.ts';
import type { Endpoint } from './ldap-errors.ts';

/** Names and addresses. Injected so that tests need no DNS server. */
export interface Resolver {
  /** As `dns.promises.resolveSrv`. */
  resolveSrv(name: string): Promise<SrvRecord[]>;
  /** As `dns.lookup`; absent = the operating system's way. */
  readonly lookup?: LookupFunction;
}
export const systemResolver: Resolver = { resolveSrv };

/** LDAPS has a port of its own; StartTLS and plain share one (RFC 4511 §5.2, IANA). */
const defaultPort = (security: DirectorySettings['security']): number => (security === 'ldaps' ? 636 : 389);

/**
 * Where to connect, best first. The host of the settings, else the domain controllers that DNS names for the domain of the base
 * DN, or of the account (MS-ADTS §6.3.2.3: `_ldap._tcp.dc._msdcs.<domain>` lists domain controllers only, `_ldap._tcp.<domain>` any LDAP server).
 * The port of an SRV record is not used: it is the one for unprotected LDAP.
 *
 * @throws LockstepError ConfigInvalid `directory.host-unknown`, `directory.srv-not-found`, `directory.srv-outside-domain`;
 *   Unavailable `ldap.dns-unavailable`
 */
export async function findEndpoints(settings: DirectorySettings, resolver: Resolver): Promise<readonly Endpoint[]> {
  const { security } = settings;
  const port = settings.port ?? defaultPort(security);
  if (settings.host !== undefined) return [{ host: settings.host, port, security }];
  const domain = domainOf(settings);
  if (domain === null) {
    throw new LockstepError({
      class: 'ConfigInvalid',
      code: 'directory.host-unknown',
      message: 'Neither the account nor the base DN says in which domain to look for a domain controller.',
      next: 'Give the account as name@domain, or give the host.',
    });
  }
  for (const service of [`_ldap._tcp.dc._msdcs.${domain}`, `_ldap._tcp.${domain}`]) {
    const records = await resolveService(service, domain, resolver);
    if (records.length === 0) continue;
    // DNS answers are not authenticated, and it is this name that the certificate is checked against: a target outside the
    // domain would let whoever forges an answer present a certificate of a domain of his own and receive the password.
    const own = records.filter(({ name }) => isInside(name, domain));
    if (own.length > 0) return inOrder(own).map(({ name }) => ({ host: name.replace(/\.$/, ''), port, security }));
    throw new LockstepError({
      class: 'ConfigInvalid',
      code: 'directory.srv-outside-domain',
      message: `DNS names only controllers outside ${domain} for it (${records[0]?.name ?? ''}).`,
      next: 'If this is right (a disjoint namespace), give the host.',
    });
  }
  throw new LockstepError({
    class: 'ConfigInvalid',
    code: 'directory.srv-not-found',
    message: `DNS knows no domain controller of ${domain}.`,
    next: 'Give the host, or let the site use the DNS servers of the domain. A UPN suffix need not be a domain name.',
  });
}

/**
 * Where a controller that was found before is: its own name, if it could have been found in DNS again. Null otherwise; with a
 * host in the settings, that host is the controller.
 */
export function controllerEndpoint(settings: DirectorySettings, dnsHostName: string): Endpoint | null {
  const { security, host, port = defaultPort(security) } = settings;
  const domain = domainOf(settings);
  if (host !== undefined || domain === null || !isInside(dnsHostName, domain)) return null;
  return { host: dnsHostName, port, security };
}

async function resolveService(name: string, domain: string, resolver: Resolver): Promise<readonly SrvRecord[]> {
  try {
    return await resolver.resolveSrv(name);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'ENOTFOUND' || code === 'ENODATA' || code === 'EBADNAME') return [];
    throw new LockstepError({
      class: 'Unavailable',
      code: 'ldap.dns-unavailable',
      message: `DNS did not answer for ${domain} (${code}).`,
      next: 'Check the DNS server that the site uses.',
      cause: error,
    });
  }
}

const isInside = (name: string, domain: string): boolean => {
  const host = name.replace(/\.$/, '').toLowerCase();
  return host === domain || host.endsWith(`.${domain}`);
};

/** Lower priority first; within one priority a random order weighted by `weight` (RFC 2782). */
export function inOrder(records: readonly SrvRecord[], random: () => number = Math.random): SrvRecord[] {
  const result: SrvRecord[] = [];
  const rest = [...records].sort((a, b) => a.priority - b.priority || a.weight - b.weight);
  while (rest.length > 0) {
    const group = rest.filter(({ priority }) => priority === rest[0]?.priority);
    let mark = random() * group.reduce((sum, { weight }) => sum + weight, 0);
    const chosen = group.find(({ weight }) => (mark -= weight) <= 0) ?? group[0];
    if (chosen === undefined) break;
    rest.splice(rest.indexOf(chosen), 1);
    result.push(chosen);
  }
  return result;
}

/** All addresses of a host name, as the operating system (or the given look-up) knows them. */
export const addressesOf = (host: string, lookup: LookupFunction = systemLookup): Promise<string[]> =>
  new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, found) => {
      if (error !== null) reject(error);
      else resolve(typeof found === 'string' ? [found] : found.map(({ address }) => address));
    });
  });
