import { dnKey, isWithin, parentDn, rdnValue } from '../../ldap-filter/dn.ts';
import { guidBytes, guidFrom } from '../../ldap-filter/guid.ts';
import { type DomainController, domainController, infrastructure } from './infrastructure.ts';
import type { Attributes, AttributeValue, DirectoryModel, DirectoryObject } from './model.ts';
import { attributeType, categoryDn } from '../../ldap-filter/schema.ts';

export interface StoredObject extends DirectoryObject {
  /** The DN in the form for comparing. */
  readonly key: string;
}

const none: readonly AttributeValue[] = [];
const asList = (value: AttributeValue | readonly AttributeValue[] | undefined): readonly AttributeValue[] => {
  if (value === undefined) return none;
  return typeof value === 'string' || Buffer.isBuffer(value) ? [value] : value;
};
/** `20261124080000.0Z` */
const generalizedTime = (date: Date): string => `${date.toISOString().replace(/[-:T]|\.\d+Z$/g, '')}.0Z`;

/** The objects of a sample directory, with the attributes that AD itself keeps: names, GUIDs, USNs, back links. */
export class DirectoryStore {
  readonly controller: DomainController;
  readonly #byKey = new Map<string, StoredObject>();
  readonly #byGuid = new Map<string, StoredObject>();
  /** Groups by the key of a member: `memberOf` is computed, as in AD. */
  readonly #groupsOf = new Map<string, Set<string>>();
  readonly #configurationKey: string;
  #usn = 10_000;

  constructor(model: DirectoryModel) {
    this.controller = domainController(model);
    this.#configurationKey = dnKey(this.controller.configurationDn) ?? '';
    for (const object of infrastructure(model)) this.put(object);
    for (const object of model.objects) this.put(object);
  }

  get highestCommittedUsn(): number {
    return this.#usn;
  }

  objects(): IterableIterator<StoredObject> {
    return this.#byKey.values();
  }

  /** By DN, or by AD's `<GUID=…>`. Undefined: no such object; null: that is no name. */
  find(name: string): StoredObject | undefined | null {
    const guid = /^<GUID=(.+)>$/i.exec(name)?.[1];
    if (guid !== undefined) {
      const bytes = guidBytes(guid);
      return bytes === undefined ? null : this.#byGuid.get(bytes.toString('hex'));
    }
    const key = dnKey(name);
    return key === undefined ? null : this.#byKey.get(key);
  }

  byKey(key: string): StoredObject | undefined {
    return this.#byKey.get(key);
  }

  /** The nearest object above that exists: what an answer noSuchObject names. */
  bestMatch(dn: string): string {
    for (let key = parentDn(dnKey(dn) ?? ''); key !== ''; key = parentDn(key)) {
      const object = this.#byKey.get(key);
      if (object !== undefined) return object.dn;
    }
    return '';
  }

  /** Base first. A search in the domain does not enter the configuration: that is a naming context of its own. */
  *within(base: StoredObject, scope: 'base' | 'one' | 'sub'): Generator<StoredObject> {
    if (scope === 'base' || scope === 'sub') yield base;
    if (scope === 'base') return;
    const inConfiguration = isWithin(base.key, this.#configurationKey);
    for (const object of this.#byKey.values()) {
      if (object === base || !isWithin(object.key, base.key)) continue;
      if (!inConfiguration && isWithin(object.key, this.#configurationKey)) continue;
      if (scope !== 'one' || parentDn(object.key) === base.key) yield object;
    }
  }

  /** By lDAPDisplayName. */
  values(object: StoredObject, attribute: string): readonly AttributeValue[] {
    if (attribute === 'distinguishedName') return [object.dn];
    if (attribute === 'memberOf') {
      return [...(this.#groupsOf.get(object.key) ?? [])].flatMap((key) => this.#byKey.get(key)?.dn ?? []);
    }
    return asList(object.attributes[attribute]);
  }

  /** Keys of the groups that name the object as a member. */
  groupsOf(key: string): Iterable<string> {
    return this.#groupsOf.get(key) ?? [];
  }

  /** Adds the object, or puts it in the place of the one with its DN. */
  put({ dn, attributes }: DirectoryObject): void {
    const key = dnKey(dn);
    if (key === undefined) throw new Error(`not a distinguished name: ${dn}`);
    const before = this.#byKey.get(key);
    if (before !== undefined) this.#unlink(before);
    this.#usn += 1;
    const object: StoredObject = { dn, key, attributes: this.#complete(dn, attributes, before) };
    this.#byKey.set(key, object);
    const guid = object.attributes['objectGUID'];
    if (Buffer.isBuffer(guid)) this.#byGuid.set(guid.toString('hex'), object);
    for (const member of this.#members(object)) {
      const groups = this.#groupsOf.get(member);
      if (groups === undefined) this.#groupsOf.set(member, new Set([key]));
      else groups.add(key);
    }
  }

  /** Replaces attributes; an empty list removes one. */
  modify(dn: string, changes: Attributes): void {
    const object = this.#existing(dn);
    const attributes = Object.fromEntries(
      Object.entries({ ...object.attributes, ...changes }).filter(([, value]) => asList(value).length > 0),
    );
    this.put({ dn: object.dn, attributes });
  }

  remove(dn: string): void {
    const object = this.#existing(dn);
    this.#unlink(object);
    this.#byKey.delete(object.key);
    // AD drops links to what is gone.
    for (const group of [...this.groupsOf(object.key)]) {
      const members = this.values(this.#existing(group), 'member').filter(
        (member) => dnKey(String(member)) !== object.key,
      );
      this.modify(group, { member: members });
    }
    this.#groupsOf.delete(object.key);
  }

  #existing(dn: string): StoredObject {
    const object = this.find(dn);
    if (object === undefined || object === null) throw new Error(`no such object: ${dn}`);
    return object;
  }

  #unlink(object: StoredObject): void {
    const guid = object.attributes['objectGUID'];
    if (Buffer.isBuffer(guid)) this.#byGuid.delete(guid.toString('hex'));
    for (const member of this.#members(object)) this.#groupsOf.get(member)?.delete(object.key);
  }

  *#members(object: StoredObject): Generator<string> {
    for (const member of asList(object.attributes['member'])) {
      const key = dnKey(String(member));
      if (key !== undefined) yield key;
    }
  }

  #complete(dn: string, given: Attributes, before: StoredObject | undefined): Attributes {
    const attributes: Record<string, AttributeValue | readonly AttributeValue[]> = {};
    for (const [name, value] of Object.entries(given)) {
      const type = attributeType(name);
      if (type === undefined) throw new Error(`${dn}: no attribute ${name} in the schema`);
      attributes[type.name] = value;
    }
    const now = generalizedTime(new Date());
    const className = String(asList(attributes['objectClass']).at(-1) ?? '');
    const category = categoryDn(className, this.controller.baseDn);
    const name = rdnValue(dn);
    if (/^cn=/i.test(dn)) attributes['cn'] ??= name;
    if (/^ou=/i.test(dn)) attributes['ou'] ??= name;
    attributes['name'] ??= name;
    if (category !== undefined) attributes['objectCategory'] ??= category;
    attributes['objectGUID'] ??= before?.attributes['objectGUID'] ?? guidFrom(dn);
    attributes['whenCreated'] ??= now;
    attributes['whenChanged'] = before === undefined ? (attributes['whenChanged'] ?? attributes['whenCreated']) : now;
    attributes['uSNCreated'] = before?.attributes['uSNCreated'] ?? String(this.#usn);
    attributes['uSNChanged'] = String(this.#usn);
    return attributes;
  }
}
