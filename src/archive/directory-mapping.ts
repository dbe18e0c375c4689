/**
 * What a directory said of an object → the rows of the archive. Pure: no clock, no database. It never throws: what
 * cannot be read is left out or replaced, and told as a problem; an object that cannot be kept at all has no row.
 */
import { hash } from 'node:crypto';
import type { DirectoryEntry, DirectoryObjectKind, DirectoryProblem, RecipientType } from '../shared/directory.ts';
import { mapAddresses, type MappedAddress } from './directory-addresses.ts';
import { dnKey, firstRdnValue, keyOfNormal, normalDn, splitRdn } from './directory-dn.ts';
import { kindOf, recipientTypeOf } from './directory-kinds.ts';
import type { DirectoryScope } from './directory-scope.ts';
import { isSid, primaryGroupSid, type SidClaim, sidClaims } from './directory-sids.ts';
import { cutText, isStorable, sortKey, storable } from './directory-text.ts';
import { parseGeneralizedTime } from './directory-time.ts';

export interface DirectoryRow {
  readonly guid: string;
  readonly kind: DirectoryObjectKind;
  readonly recipientType: RecipientType;
  readonly dn: string;
  readonly dnKey: Buffer;
  readonly rdn: string;
  readonly parentGuid: string | null;
  readonly sid: string | null;
  readonly primaryGroupSid: string | null;
  readonly mailboxGuid: string | null;
  readonly displayName: string;
  readonly sortKey: string;
  readonly accountName: string | null;
  readonly principalName: string | null;
  /** As the source says; whether it counts is decided where it is shown. */
  readonly accountDisabled: boolean;
  readonly inScope: boolean;
  readonly managerKey: Buffer | null;
  readonly sourceCreated: Date | null;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
  readonly addresses: readonly MappedAddress[];
  readonly sids: readonly SidClaim[];
  readonly usn: string | null;
  /** Differs exactly when anything above does that is the object's own: not `dn`, `manager`, `inScope` and `usn`. */
  readonly contentHash: Buffer;
}

export interface MappedEntry {
  /** Null when the object cannot be kept. It was seen all the same. */
  readonly row: DirectoryRow | null;
  readonly problems: readonly DirectoryProblem[];
}

/** Part of each content hash: raising it rewrites every object at its next sighting. */
const MAPPING_VERSION = 2;
/** Attributes are for people and policies; pictures of more than this are left out. UTF-16 units. */
const VALUE_MAX_LENGTH = 200_000;
const NAME_MAX_LENGTH = 1000;
/** ADS_UF_ACCOUNTDISABLE: https://learn.microsoft.com/en-us/windows/win32/adschema/a-useraccountcontrol */
const ACCOUNT_DISABLED = 2n;

const guidPattern = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const integerPattern = /^-?\d{1,19}$/;

export function mapEntry(entry: DirectoryEntry, scope: DirectoryScope): MappedEntry {
  const problems: DirectoryProblem[] = [];
  const dn = storable(entry.dn);
  const report = (code: string, detail: string, subject = dn) =>
    problems.push({ guid: entry.guid, subject: storable(subject), code, detail: storable(detail) });

  const attributes = keepAttributes(entry.attributes, report);
  const kind = kindOf(attributes);
  if (kind === undefined) {
    report(
      'object.class-unknown',
      `It is of no class that Lockstep keeps: ${attributes['objectClass']?.join(', ') ?? 'none was read'}.`,
    );
    return { row: null, problems };
  }
  const normal = normalDn(dn);
  if (normal === undefined) {
    report('object.dn-invalid', 'Its distinguished name cannot be understood.');
    return { row: null, problems };
  }
  const single = <T>(name: string, read: (text: string) => T | undefined): T | null => {
    const text = attributes[name]?.[0];
    if (text === undefined) return null;
    const value = read(text);
    if (value === undefined) report('attribute.invalid', `${name} cannot be understood: ${cutText(text, 100)}`);
    return value ?? null;
  };

  const { addresses, invalid, rivalPrimaries } = mapAddresses(attributes, kind);
  for (const text of invalid)
    report(
      'address.invalid',
      `It is no e-mail address, so ${nameOf(entry, attributes, addresses)} does not get it.`,
      cutText(text, NAME_MAX_LENGTH),
    );
  if (rivalPrimaries.length > 0) {
    report(
      'address.two-primaries',
      `More than one primary address: ${rivalPrimaries.join(', ')}. The first was taken.`,
    );
  }
  const recipientType = recipientTypeOf(attributes, kind);
  for (const name of recipientType.unreadable) single(name, () => undefined);

  const displayName = nameOf(entry, attributes, addresses);
  const sid = single('objectSid', (text) => (isSid(text) ? text : undefined));
  const accountDisabled =
    single('userAccountControl', (text) =>
      integerPattern.test(text) ? (BigInt(text) & ACCOUNT_DISABLED) !== 0n : undefined,
    ) ?? false;
  const content = {
    guid: entry.guid,
    kind,
    recipientType: recipientType.type,
    dn,
    dnKey: keyOfNormal(normal),
    rdn: splitRdn(dn).rdn,
    parentGuid: single('parentGUID', guidOf),
    sid,
    primaryGroupSid: kind === 'user' ? primaryGroupSid(sid, attributes) : null,
    mailboxGuid: single('msExchMailboxGuid', guidOf),
    displayName,
    sortKey: sortKey(displayName),
    accountName: attributes['sAMAccountName']?.[0] ?? null,
    principalName: attributes['userPrincipalName']?.[0] ?? null,
    accountDisabled,
    managerKey: single('manager', dnKey),
    sourceCreated: single('whenCreated', parseGeneralizedTime),
    attributes,
    addresses,
    sids: sidClaims({ kind, recipientType: recipientType.type, accountDisabled, attributes }),
  };
  const inScope = scope.covers(normal) && scope.matches(content);
  // What is wrong with an object that nobody takes interests nobody.
  return {
    row: { ...content, inScope, usn: entry.usn ?? null, contentHash: hashOf(content) },
    problems: inScope ? problems : [],
  };
}

const guidOf = (text: string): string | undefined =>
  guidPattern.test(text.toLowerCase()) ? text.toLowerCase() : undefined;

/** The object under another name: that of the container that it is known to be in. */
export function withName(row: DirectoryRow, dn: string, scope: DirectoryScope): DirectoryRow {
  if (dn === row.dn) return row;
  const normal = normalDn(dn);
  if (normal === undefined) return row;
  const named = { ...row, dn, dnKey: keyOfNormal(normal) };
  return { ...named, inScope: scope.covers(normal) && scope.matches(named) };
}

/** By name, the values of each as a set: sorted, because a directory gives them in any order. */
function keepAttributes(
  source: DirectoryEntry['attributes'],
  report: (code: string, detail: string) => void,
): Record<string, readonly string[]> {
  const kept = Object.entries(source).map(([name, values]): [string, readonly string[]] => {
    if (values.every(isKeepable)) return [storable(name), values.length < 2 ? values : [...values].sort()];
    const fitting = values.filter((value) => value.length <= VALUE_MAX_LENGTH);
    if (fitting.length < values.length) {
      report(
        'attribute.too-long',
        `${storable(name)} has a value of more than ${VALUE_MAX_LENGTH} characters, which is left out.`,
      );
    }
    if (!fitting.every(isStorable)) {
      report(
        'attribute.undecodable',
        `${storable(name)} holds characters that are no text; each is replaced by \u{FFFD}.`,
      );
    }
    return [storable(name), fitting.map(storable).sort()];
  });
  const byName = kept.filter(([, values]) => values.length > 0).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(byName);
}
const isKeepable = (value: string): boolean => value.length <= VALUE_MAX_LENGTH && isStorable(value);

/** What people call it: the first of these that says anything. */
function nameOf(
  entry: DirectoryEntry,
  attributes: DirectoryEntry['attributes'],
  addresses: readonly MappedAddress[],
): string {
  const first = (name: string) => attributes[name]?.[0];
  const candidates = [
    first('displayName'),
    first('cn'),
    first('name'),
    [first('givenName'), first('sn')].filter((part) => part !== undefined).join(' '),
    first('mailNickname'),
    addresses.find((address) => address.primary)?.address,
    first('sAMAccountName'),
  ];
  const says = (candidate: string | undefined) => candidate !== undefined && /\S/.test(candidate);
  // Hardly ever: only then the name is taken apart.
  const name = candidates.find(says) ?? [firstRdnValue(entry.dn)].find(says) ?? entry.guid;
  return cutText(storable(name).trim(), NAME_MAX_LENGTH);
}

function hashOf(content: Omit<DirectoryRow, 'contentHash' | 'inScope' | 'usn'>): Buffer {
  // Names of others change without the object; JSON leaves out what is undefined.
  const attributes = { ...content.attributes, manager: undefined };
  const own = { ...content, dn: undefined, dnKey: undefined, managerKey: undefined, attributes };
  const text = JSON.stringify([MAPPING_VERSION, own]);
  return hash('sha256', text, 'buffer').subarray(0, 16);
}
