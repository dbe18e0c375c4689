/**
 * What a person of several objects is, attribute by attribute, and which directory said it. Of names, status and sign-in the
 * account is asked first; what is of the mailbox is the mail object's alone, because it belongs together.
 */
import { accountOf, isThere, mailOf, type PersonPart } from './person-parts.ts';

export interface DescribedPart extends PersonPart {
  /** Name of its directory. */
  readonly integration: string;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}

export interface MergedAttributes {
  attributes: Record<string, string[]>;
  /** By attribute: the directory that gives it. */
  attributeSources: Record<string, string>;
}

/** In lower case. Also: all whose name begins with msExch or extensionAttribute. */
const mailAttributes: ReadonlySet<string> = new Set([
  'mail', 'mailnickname', 'proxyaddresses', 'targetaddress', 'legacyexchangedn', 'homemdb', 'homemta', 'showinaddressbook',
  'altrecipient', 'altrecipientbl', 'authorig', 'unauthorig', 'dlmemrejectperms', 'dlmemsubmitperms', 'deliverandredirect',
  'publicdelegates', 'publicdelegatesbl', 'mdbusedefaults', 'mdbstoragequota', 'mdboverquotalimit', 'mdboverhardquotalimit',
  'delivcontlength', 'submissioncontlength', 'protocolsettings', 'textencodedoraddress', 'internetencoding', 'garbagecollperiod',
  'autoreply', 'autoreplymessage', 'securityprotocol', 'mapirecipient', 'dldlmemdefault',
]);
const mailPrefixes = ['msexch', 'extensionattribute'];

/** Whether the attribute is of a mailbox, not of who uses it: one that Exchange brings into the schema. */
export function isMailAttribute(name: string): boolean {
  const lower = name.toLowerCase();
  return mailAttributes.has(lower) || mailPrefixes.some((prefix) => lower.startsWith(prefix));
}

/** The objects in the order in which they are asked for what is not of the mailbox: the account first, who has gone not at all. */
export function inOrder<Part extends PersonPart>(parts: readonly [Part, ...Part[]]): readonly [Part, ...Part[]] {
  const account = accountOf(parts);
  const [mail] = [mailOf(parts)].filter((part) => part !== account);
  const others = parts.filter((part) => part !== account && part !== mail && isThere(part));
  return [account, ...(mail === undefined ? [] : [mail]), ...others.sort(byIdentity)];
}
const byIdentity = (one: PersonPart, other: PersonPart): number =>
  one.guid + one.integration_id < other.guid + other.integration_id ? -1 : 1;

export function mergeAttributes(parts: readonly [DescribedPart, ...DescribedPart[]]): MergedAttributes {
  const mail = mailOf(parts);
  const merged = new Map<string, { readonly name: string; readonly values: readonly string[]; readonly source: string }>();
  for (const part of inOrder(parts)) {
    for (const [name, values] of Object.entries(part.attributes)) {
      if (isMailAttribute(name) && part !== mail) continue;
      const key = name.toLowerCase();
      if (!merged.has(key)) merged.set(key, { name, values, source: part.integration });
    }
  }
  const found = [...merged.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  return {
    attributes: Object.fromEntries(found.map(({ name, values }) => [name, [...values]])),
    attributeSources: Object.fromEntries(found.map(({ name, source }) => [name, source])),
  };
}
