import type { DirectoryEntry, DirectoryObjectKind } from '../shared/directory.ts';

export interface MappedAddress {
  /** Lower case. */
  readonly address: string;
  readonly primary: boolean;
}

export interface MappedAddresses {
  /** Each address once, sorted; at most one is primary. */
  readonly addresses: readonly MappedAddress[];
  /** Values that should be addresses and are not. */
  readonly invalid: readonly string[];
  /** More than one value claims to be the primary address; the first in order was taken. */
  readonly rivalPrimaries: readonly string[];
}

/** Local part of at most 64 and domain of at most 255 octets: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1 */
const LOCAL_MAX_BYTES = 64;
const DOMAIN_MAX_BYTES = 255;
const local = /^[^\s\p{C}@<>()[\],;:\\"]+$/u;
const domainLabel = /^[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}_-]*[\p{L}\p{M}\p{N}_])?$/u;

/**
 * The address in lower case, or undefined when it is none. Quoted local parts and address literals are not accepted.
 */
export function parseAddress(text: string): string | undefined {
  const address = text.trim().toLowerCase();
  const at = address.lastIndexOf('@');
  const [name, domain] = [address.slice(0, Math.max(at, 0)), address.slice(at + 1)];
  const fits = Buffer.byteLength(name) <= LOCAL_MAX_BYTES && Buffer.byteLength(domain) <= DOMAIN_MAX_BYTES;
  return fits && local.test(name) && domain.split('.').every((label) => domainLabel.test(label)) ? address : undefined;
}

export const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1);

/**
 * The SMTP addresses of an object. In proxyAddresses `SMTP:` marks the primary address and `smtp:` an alias
 * (https://learn.microsoft.com/troubleshoot/azure/active-directory/proxyaddresses-attribute-populate); other types
 * (X500, SIP, EUM …) stay attributes. `mail` is the primary address when proxyAddresses names none, else one more
 * alias. A contact's targetAddress is where it is reached, so it counts too; a user's is only a route to another system
 * and does not.
 */
export function mapAddresses(attributes: DirectoryEntry['attributes'], kind: DirectoryObjectKind): MappedAddresses {
  const primaries: string[] = [];
  const aliases: string[] = [];
  const invalid: string[] = [];
  const take = (text: string, list: string[]) => {
    const address = parseAddress(text);
    if (address === undefined) invalid.push(text);
    else list.push(address);
  };

  for (const value of attributes['proxyAddresses'] ?? []) {
    const [, type, text] = /^([^:]*):(.*)$/s.exec(value) ?? [];
    if (type === undefined || text === undefined || type.toLowerCase() !== 'smtp') continue;
    take(text, type === 'SMTP' ? primaries : aliases);
  }
  const single: string[] = [];
  for (const value of attributes['mail'] ?? []) if (value.trim() !== '') take(value, single);
  if (kind === 'contact') {
    for (const value of attributes['targetAddress'] ?? []) {
      const [, type, text] = /^(?:([A-Za-z0-9-]+):)?(.*)$/s.exec(value) ?? [];
      if (text !== undefined && (type === undefined || type.toLowerCase() === 'smtp')) take(text, single);
    }
  }

  const rivals = [...new Set(primaries)].sort();
  const primary = rivals[0] ?? single[0];
  const all = new Set([...primaries, ...aliases, ...single]);
  return {
    addresses: [...all].sort().map((address) => ({ address, primary: address === primary })),
    invalid: [...new Set(invalid)],
    rivalPrimaries: rivals.length > 1 ? rivals : [],
  };
}
