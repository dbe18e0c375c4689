import { dnKey, escapeRdn, isWithin, parentDn, rdnType, rdnValue, rebase } from '../../ldap-filter/dn.ts';
import { guidFrom } from '../../ldap-filter/guid.ts';
import { changedHistory, type LinkTarget, newHistory } from './history.ts';
import { deletedObjectsDn, type DomainController } from './infrastructure.ts';
import type { Attributes, AttributeValue, DirectoryObject } from './model.ts';
import { completed, deletedName, named, renamed, tombstone } from './object-attributes.ts';
import type { ObjectTable, StoredObject } from './object-table.ts';
import { isForwardLink } from '../../ldap-filter/schema.ts';
import { sidBytes } from '../../ldap-filter/sid.ts';
import { difference, noValues, valuesOf } from './values.ts';

/**
 * Changes of a directory. Each has a USN of its own. What only follows a change elsewhere has none, as in AD: the names
 * of what lies below an object that is moved, values that point to it, and the end of links to what is deleted.
 */
export class Editor {
  readonly #table: ObjectTable;
  readonly #controller: DomainController;
  /** Of the heads of the naming contexts, outer ones first. */
  readonly #contexts: readonly string[];
  readonly #domainSid: string | undefined;
  /** The last one given out: far above those that models give. */
  #rid = 100_000;

  /** `domainSid`: see `DirectoryModel`. */
  constructor(table: ObjectTable, controller: DomainController, domainSid: string | undefined) {
    this.#table = table;
    this.#controller = controller;
    this.#domainSid = domainSid;
    this.#contexts = [controller.baseDn, controller.configurationDn, controller.schemaDn];
  }

  /**
   * Makes that there is this object, with these attributes and no others: adds it, or changes the one with its DN. With
   * the objectGUID of another object it moves that one, or brings it back when it was deleted; with an objectGUID that
   * is new, an object that has the DN is deleted first.
   */
  put({ dn, attributes }: DirectoryObject): void {
    const key = keyOf(dn);
    const given = named(dn, attributes);
    const there = this.#table.byKey(key);
    const guid = given['objectGUID'];
    const same = Buffer.isBuffer(guid) ? this.#table.get(guid.toString('hex')) : there;
    if (there !== undefined && there.id !== same?.id) this.remove(there.dn);
    if (same === undefined) this.#create(dn, key, given, Buffer.isBuffer(guid) ? guid : this.#newGuid(dn));
    else {
      if (same.key !== key && !same.deleted) this.move(same.dn, dn);
      this.#change(this.#table.get(same.id) ?? same, dn, key, given);
    }
  }

  /** Replaces attributes; an empty list removes one. */
  modify(dn: string, changes: Attributes): void {
    const object = this.#existing(dn);
    const attributes = named(dn, { ...object.attributes, ...named(dn, changes, 'all') });
    this.#change(object, object.dn, object.key, attributes);
  }

  /** Adds values; those that are there stay as they are. */
  addValues(dn: string, values: Attributes): void {
    this.#edit(dn, values, (name, old, more) => [
      ...old,
      ...more.filter((value) => !old.some((other) => this.#isSame(name, value, other))),
    ]);
  }

  /** Takes values away; those that are not there are none. */
  removeValues(dn: string, values: Attributes): void {
    this.#edit(dn, values, (name, old, less) =>
      old.filter((value) => !less.some((other) => this.#isSame(name, value, other))),
    );
  }

  /** Moves, renames, or both; what is below comes along. */
  move(dn: string, newDn: string): void {
    const object = this.#existing(dn);
    const newKey = keyOf(newDn);
    const there = this.#table.byKey(newKey);
    if (there !== undefined && there.id !== object.id) throw new Error(`there is an object ${newDn}`);
    if (isWithin(parentDn(newKey), object.key)) throw new Error(`${newDn} lies below ${dn}`);
    const moved = new Map(
      [...this.#table.tree(object.key)].map((one) => {
        const to = rebase(one.dn, object.dn, newDn);
        return [one.key, { dn: to, key: keyOf(to) }];
      }),
    );
    const usn = this.#table.nextUsn();
    const attributes = renamed(object.attributes, newDn, usn);
    // AD counts a move without a new name as a change of the name too: that is how DirSync reports it.
    const changed = new Set(['name', ...this.#changed(object.attributes, attributes).plain]);
    this.#table.store({ ...object, attributes, history: changedHistory(object.history, usn, changed) });
    this.#table.rename(moved);
  }

  /** Deletes the object and what is below it, the lowest first: tombstones are left. */
  remove(dn: string): void {
    const ids = [...this.#table.tree(this.#existing(dn).key)].sort((a, b) => depth(b) - depth(a)).map(({ id }) => id);
    for (const id of ids) {
      const object = this.#table.get(id);
      if (object !== undefined) this.#bury(object);
    }
  }

  /**
   * Removes all tombstones, as a domain controller does after the tombstone lifetime. Answers the USN of the last of
   * them, 0 when there was none.
   */
  expireTombstones(): number {
    let last = 0;
    for (const object of [...this.#table.all()]) {
      // The container of deleted objects is marked as deleted itself.
      if (!object.deleted || object.attributes['lastKnownParent'] === undefined) continue;
      last = Math.max(last, object.history.changed);
      this.#table.drop(object);
    }
    return last;
  }

  #existing(dn: string): StoredObject {
    const object = this.#table.byKey(keyOf(dn));
    if (object === undefined || object.deleted) throw new Error(`no such object: ${dn}`);
    return object;
  }

  /** A GUID is used once: what is made anew under an old name is another object. */
  #newGuid(dn: string): Buffer {
    for (let number = 1; ; number++) {
      const guid = guidFrom(number === 1 ? dn : `${dn} ${number}`);
      if (this.#table.get(guid.toString('hex')) === undefined) return guid;
    }
  }

  #create(dn: string, key: string, given: Attributes, guid: Buffer): void {
    const usn = this.#table.nextUsn();
    const { rootDn } = this.#controller;
    const attributes = completed(dn, this.#withSid(given), { rootDn, guid, before: undefined, usn });
    const deleted = attributes['isDeleted'] === 'TRUE';
    this.#table.store({ dn, key, id: guid.toString('hex'), attributes, deleted, history: newHistory(usn) });
  }

  #withSid(given: Attributes): Attributes {
    const className = String(valuesOf(given, 'objectClass').at(-1));
    if (this.#domainSid === undefined || !securityPrincipals.has(className) || given['objectSid'] !== undefined)
      return given;
    this.#rid += 1;
    return { ...given, objectSid: sidBytes(`${this.#domainSid}-${this.#rid}`) ?? noValues };
  }

  /** Gives an object, which may be a deleted one that comes back, these attributes. No change when it has them. */
  #change(object: StoredObject, dn: string, key: string, given: Attributes): void {
    const usn = this.#table.usn + 1;
    const guid = Buffer.from(object.id, 'hex');
    const { rootDn } = this.#controller;
    // A SID stays, as the GUID does.
    const kept = object.attributes['objectSid'];
    const wanted = kept === undefined ? given : { objectSid: kept, ...given };
    const attributes = completed(dn, wanted, { rootDn, guid, before: object.attributes, usn });
    const { plain, links } = this.#changed(object.attributes, attributes);
    if (plain.length === 0 && links.size === 0 && object.key === key) return;
    const history = changedHistory(object.history, this.#table.nextUsn(), plain, links);
    this.#table.store({ ...object, dn, key, attributes, deleted: false, history });
  }

  #edit(
    dn: string,
    values: Attributes,
    edit: (name: string, old: readonly AttributeValue[], given: readonly AttributeValue[]) => readonly AttributeValue[],
  ): void {
    const object = this.#existing(dn);
    const given = named(dn, values);
    const edited = Object.keys(given).map((name) => [
      name,
      edit(name, valuesOf(object.attributes, name), valuesOf(given, name)),
    ]);
    this.modify(dn, Object.fromEntries(edited) as Attributes);
  }

  #isSame(name: string, a: AttributeValue, b: AttributeValue): boolean {
    if (isForwardLink(name)) return this.#table.linkTarget(a) === this.#table.linkTarget(b);
    return typeof a === 'string' ? a === b : Buffer.isBuffer(b) && a.equals(b);
  }

  /** Which attributes are different, and for links which targets are. */
  #changed(before: Attributes, after: Attributes): { plain: string[]; links: Map<string, LinkTarget[]> } {
    const plain: string[] = [];
    const links = new Map<string, LinkTarget[]>();
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      if (stampedAtEveryChange.has(name)) continue;
      const { gone, come } = difference(valuesOf(before, name), valuesOf(after, name));
      if (gone.length + come.length === 0) continue;
      if (!isForwardLink(name)) plain.push(name);
      else {
        const targets = (values: readonly AttributeValue[]) =>
          new Set(values.map((value) => this.#table.linkTarget(value)));
        const [old, now] = [targets(gone), targets(come)];
        // What is only spelled otherwise is in both.
        const different = [...old, ...now].filter((target) => !(old.has(target) && now.has(target)));
        if (different.length > 0) links.set(name, different);
      }
    }
    return { plain, links };
  }

  #bury(object: StoredObject): void {
    for (const [from, attributes] of this.#table.allNaming(object.key))
      this.#forget(from, attributes.filter(isForwardLink), object.key);
    const usn = this.#table.nextUsn();
    const context = this.#contexts.findLast((head) => isWithin(object.key, keyOf(head))) ?? this.#controller.baseDn;
    const name = escapeRdn(deletedName(rdnValue(object.dn), Buffer.from(object.id, 'hex')));
    const dn = `${rdnType(object.dn)}=${name},${deletedObjectsDn(context)}`;
    const lastKnownParent = this.#table.byKey(parentDn(object.key))?.dn ?? '';
    const attributes = tombstone(object.attributes, dn, lastKnownParent, usn);
    const { plain } = this.#changed(object.attributes, attributes);
    const history = { ...changedHistory(object.history, usn, plain), links: new Map() };
    this.#table.store({ ...object, attributes, deleted: true, history });
    this.#table.rename(new Map([[object.key, { dn, key: keyOf(dn) }]]));
  }

  /** Links to what is deleted end, and the objects that had them do not count as changed (MS-ADTS 3.1.1.5.5). */
  #forget(object: StoredObject, attributes: readonly string[], target: string): void {
    const left = new Map(Object.entries(object.attributes));
    for (const name of attributes) {
      const values = valuesOf(object.attributes, name).filter((value) => dnKey(String(value)) !== target);
      if (values.length === 0) left.delete(name);
      else left.set(name, values);
    }
    this.#table.replace({ ...object, attributes: Object.fromEntries(left) });
  }
}

/** Classes whose objects have a SID of the domain (MS-ADTS, securityPrincipal). */
const securityPrincipals = new Set(['user', 'computer', 'inetOrgPerson', 'group']);
const stampedAtEveryChange = new Set(['uSNChanged', 'whenChanged']);
const depth = ({ key }: StoredObject): number => key.replace(/\\./g, '').split(',').length;

function keyOf(dn: string): string {
  const key = dnKey(dn);
  if (key === undefined) throw new Error(`not a distinguished name: ${dn}`);
  return key;
}
