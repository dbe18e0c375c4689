import { rdnType, rdnValue } from '../../ldap-filter/dn.ts';
import { guidText } from '../../ldap-filter/guid.ts';
import type { Attributes, AttributeValue } from './model.ts';
import { attributeType, categoryDn, keptByTombstone } from '../../ldap-filter/schema.ts';
import { asList } from './values.ts';

type Writable = Record<string, AttributeValue | readonly AttributeValue[]>;

/** `20261124080000.0Z` */
export const generalizedTime = (date: Date): string => `${date.toISOString().replace(/[-:T]|\.\d+Z$/g, '')}.0Z`;

/**
 * Under the names of the schema, without those that have no values unless all are wanted. Throws on what the schema
 * does not know.
 */
export function named(dn: string, given: Attributes, which: 'all' | 'with values' = 'with values'): Writable {
  const attributes: Writable = {};
  for (const [name, value] of Object.entries(given)) {
    const type = attributeType(name);
    if (type === undefined) throw new Error(`${dn}: no attribute ${name} in the schema`);
    if (which === 'all' || asList(value).length > 0) attributes[type.name] = value;
  }
  return attributes;
}

/** What AD itself adds to an object, when it is made and at every change. */
export function completed(
  dn: string,
  given: Attributes,
  { rootDn, guid, before, usn }: { rootDn: string; guid: Buffer; before: Attributes | undefined; usn: number },
): Attributes {
  const attributes: Writable = { ...given };
  const now = generalizedTime(new Date());
  const className = String(asList(attributes['objectClass']).at(-1) ?? '');
  const category = categoryDn(className, rootDn);
  nameIn(attributes, dn);
  if (category !== undefined) attributes['objectCategory'] ??= category;
  attributes['objectGUID'] = guid;
  attributes['instanceType'] ??= before?.['instanceType'] ?? objectOfDomain;
  attributes['whenCreated'] ??= before?.['whenCreated'] ?? now;
  attributes['whenChanged'] = before === undefined ? (attributes['whenChanged'] ?? attributes['whenCreated']) : now;
  attributes['uSNCreated'] = before?.['uSNCreated'] ?? String(usn);
  attributes['uSNChanged'] = String(usn);
  return attributes;
}
/** IT_WRITE (MS-ADA1, attribute instanceType): an ordinary object on a domain controller that can be written to. */
const objectOfDomain = '4';

/** `name`, and the attribute that the name begins with. */
function nameIn(attributes: Writable, dn: string): void {
  const value = rdnValue(dn);
  const type = attributeType(rdnType(dn));
  if (type !== undefined) attributes[type.name] = value;
  attributes['name'] = value;
}

/** The same object under another name. */
export function renamed(attributes: Attributes, dn: string, usn: number): Attributes {
  const changed: Writable = { ...attributes, whenChanged: generalizedTime(new Date()), uSNChanged: String(usn) };
  nameIn(changed, dn);
  return changed;
}

/** `Bob` → `Bob`, a new line and `DEL:` with the GUID (MS-ADTS 3.1.1.5.5, delete-mangled RDN). */
export const deletedName = (name: string, guid: Buffer): string => `${name.slice(0, 75)}\nDEL:${guidText(guid)}`;

/** What is left of an object that is deleted, without the recycle bin (MS-ADTS 3.1.1.5.5.6.1). */
export function tombstone(attributes: Attributes, dn: string, lastKnownParent: string, usn: number): Attributes {
  const left = Object.fromEntries(Object.entries(attributes).filter(([name]) => keptByTombstone.has(name)));
  return { ...renamed(left, dn, usn), isDeleted: 'TRUE', lastKnownParent };
}
