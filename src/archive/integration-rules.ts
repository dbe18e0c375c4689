import { isIP } from 'node:net';
import { type DirectorySettings, removalKinds } from '../shared/directory.ts';
import { parseFilter } from '../ldap-filter/parse-filter.ts';
import { normalDn } from './directory-dn.ts';
import { unsupportedIn } from './directory-scope.ts';
import { pemIssue } from './pem-rules.ts';
import type { Issue } from './record-errors.ts';
import { isUnlimited } from './removal-limits.ts';

/** What is wrong with settings whose shape is right, found without asking the directory. */
export function settingsIssues(settings: DirectorySettings, path = '/settings'): Issue[] {
  const issues: Issue[] = [];
  const report = (field: string, message: string | undefined): void => {
    if (message !== undefined) issues.push({ path: `${path}/${field}`, message });
  };
  if (settings.host !== undefined) report('host', hostIssue(settings.host));
  if (settings.caPem !== undefined) {
    report('caPem', settings.security === 'plain' ? 'has no meaning with security plain' : pemIssue(settings.caPem));
  }
  if (settings.filter !== undefined) report('filter', filterIssue(settings.filter));
  if (settings.baseDn !== undefined && !isDn(settings.baseDn)) report('baseDn', notADn);
  settings.searchBases?.forEach((base, index) => report(`searchBases/${index}`, isDn(base) ? undefined : notADn));
  for (const kind of removalKinds) {
    const { number, percent } = settings.removal?.limits?.[kind] ?? {};
    if (number !== undefined && !(Number.isInteger(number) && number >= 0)) report(`removal/limits/${kind}/number`, 'is no count of objects');
    if (percent !== undefined && !(percent >= 0 && percent <= 100)) report(`removal/limits/${kind}/percent`, 'is no percentage');
  }
  settings.mailDomains?.forEach((domain, index) => report(`mailDomains/${index}`, domainIssue(domain)));
  return issues;
}

/** What is allowed but should be read before it is kept. */
export const settingsWarnings = (settings: DirectorySettings): string[] => [...plainWarnings(settings), ...limitWarnings(settings)];

function limitWarnings({ removal }: DirectorySettings): string[] {
  return removalKinds.filter((kind) => isUnlimited(kind, removal)).map(
    (kind) =>
      `NO LIMIT for ${kind}: one wrong filter, or an account that sees less than before, could take everybody away at once. ` +
      'Give it a percentage below 100, or a number.',
  );
}

function plainWarnings({ security }: DirectorySettings): string[] {
  if (security !== 'plain') return [];
  return [
    'NOT ENCRYPTED: with security "plain" the password of the account and every object read cross the network in clear ' +
      'text, and the answers could be anybody\'s. Use "ldaps", or "starttls" with the certification authority in caPem.',
  ];
}

const notADn = 'is no distinguished name; write OU=Staff,DC=corp,DC=example';
/** Whether the text is a distinguished name (RFC 4514). */
const isDn = (text: string): boolean => normalDn(text) !== undefined;

function filterIssue(filter: string): string | undefined {
  // Whoever forgot a parenthesis may have meant another place for it. In a value they are written \\28 and \\29.
  const open = filter.split('(').length - 1;
  const closed = filter.split(')').length - 1;
  if (!filter.startsWith('(') || open !== closed) return `must be whole, in parentheses: ${open} opened, ${closed} closed`;
  try {
    const unsupported = unsupportedIn(parseFilter(filter));
    return unsupported === undefined ? undefined : `asks for what only the directory could answer: ${unsupported}`;
  } catch (error) {
    return `is no LDAP filter (RFC 4515): ${error instanceof Error ? error.message : 'it cannot be read'}`;
  }
}

/** A host name (RFC 1123) or an IP address, without scheme or port. */
function hostIssue(host: string): string | undefined {
  if (/^[a-z]+:\/\//i.test(host)) return 'is a URL; give the host name alone and say how it is protected in security';
  const label = /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/;
  const isName = host.split('.').every((part) => label.test(part));
  return isName || isIP(host) !== 0 ? undefined : 'is no host name; the port has a setting of its own';
}

function domainIssue(domain: string): string | undefined {
  if (domain.includes('@')) return 'is an address; give the domain alone: corp.example';
  return /^(?!-)[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+$/u.test(domain) ? undefined : 'is no domain; write corp.example';
}
