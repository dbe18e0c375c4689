import { ChangeLog } from './change-log.ts';
import { dnKey, isWithin } from '../../ldap-filter/dn.ts';
import type { History, LinkTarget } from './history.ts';
import { Links } from './links.ts';
import type { AttributeValue, DirectoryObject } from './model.ts';
import { isReference } from '../../ldap-filter/schema.ts';
import { difference, noValues, valuesOf } from './values.ts';

/** Never changed, but replaced: whoever holds one holds the state of a moment. */
export interface StoredObject extends DirectoryObject {
  /** The DN in the form for comparing. */
  readonly key: string;
  /** objectGUID, in hexadecimal. */
  readonly id: string;
  readonly deleted: boolean;
  readonly history: History;
}
/** A state to come back to. */
export interface Backup {
  readonly objects: readonly StoredObject[];
  readonly usn: number;
}

const firstUsn = 10_000;

/** The objects by GUID, with what finds them by name, by link and by last change. */
export class ObjectTable {
  readonly #objects = new Map<string, StoredObject>();
  readonly #idByKey = new Map<string, string>();
  #links = new Links();
  #log = new ChangeLog();
  #usn = firstUsn;

  get usn(): number {
    return this.#usn;
  }

  nextUsn(): number {
    return (this.#usn += 1);
  }

  get(id: string): StoredObject | undefined {
    return this.#objects.get(id);
  }

  byKey(key: string): StoredObject | undefined {
    const id = this.#idByKey.get(key);
    return id === undefined ? undefined : this.#objects.get(id);
  }

  /** In the order in which they were made, deleted ones included. */
  all(): IterableIterator<StoredObject> {
    return this.#objects.values();
  }

  /** Live objects: this one, and all below. */
  *tree(key: string): Generator<StoredObject> {
    for (const object of this.#objects.values()) if (isWithin(object.key, key) && !object.deleted) yield object;
  }

  /** In the order of their last changes, those after a USN. Take what is needed before the next change. */
  *changedSince(usn: number): Generator<StoredObject> {
    for (const id of this.#log.since(usn)) {
      const object = this.#objects.get(id);
      if (object !== undefined) yield object;
    }
  }

  /** Objects that name the one with the key in the attribute. */
  *naming(key: string, attribute: string): Generator<StoredObject> {
    for (const id of this.#links.to(key, attribute)) {
      const object = this.#objects.get(id);
      if (object !== undefined) yield object;
    }
  }

  /** Every object that names the one with the key, and in which attributes. */
  *allNaming(key: string): Generator<readonly [StoredObject, readonly string[]]> {
    for (const [id, attributes] of this.#links.allTo(key)) {
      const object = this.#objects.get(id);
      if (object !== undefined) yield [object, attributes];
    }
  }

  /** What a value of a link points to: the same whatever the object is called. */
  linkTarget(value: AttributeValue): LinkTarget {
    const key = dnKey(String(value)) ?? String(value);
    return this.#idByKey.get(key) ?? key;
  }

  /** Adds or replaces the object: changed at the USN of its history. */
  store(object: StoredObject): void {
    this.replace(object);
    this.#log.add(object.id, object.history.changed);
  }

  /** Replaces it without that being a change. */
  replace(object: StoredObject): void {
    const before = this.#objects.get(object.id);
    if (before !== undefined && before.key !== object.key) this.#idByKey.delete(before.key);
    this.#objects.set(object.id, object);
    this.#idByKey.set(object.key, object.id);
    for (const name of new Set([...Object.keys(before?.attributes ?? {}), ...Object.keys(object.attributes)])) {
      if (!isReference(name)) continue;
      const old = before === undefined ? noValues : valuesOf(before.attributes, name);
      const { gone, come } = difference(old, valuesOf(object.attributes, name));
      for (const value of gone) this.#links.remove(dnKey(String(value)) ?? '', name, object.id);
      for (const value of come) this.#links.add(dnKey(String(value)) ?? '', name, object.id);
    }
  }

  /** As if it had never been. */
  drop(object: StoredObject): void {
    this.replace({ ...object, attributes: {} });
    this.#objects.delete(object.id);
    this.#idByKey.delete(object.key);
    this.#log.remove(object.id);
  }

  /** Key → new DN: of the objects themselves, and wherever they are named. No change of those that name them. */
  rename(moved: ReadonlyMap<string, { readonly key: string; readonly dn: string }>): void {
    const naming = new Map<string, Set<string>>();
    const renamed: StoredObject[] = [];
    for (const [oldKey, name] of moved) {
      const object = this.byKey(oldKey);
      if (object !== undefined) renamed.push({ ...object, ...name });
      for (const [id, attributes] of this.#links.allTo(oldKey))
        naming.set(id, new Set([...(naming.get(id) ?? []), ...attributes]));
    }
    for (const object of renamed) this.replace(object);
    for (const [id, attributes] of naming) {
      const object = this.#objects.get(id);
      if (object === undefined) continue;
      const rewritten: Record<string, AttributeValue[]> = {};
      for (const name of attributes)
        rewritten[name] = valuesOf(object.attributes, name).map(
          (value) => moved.get(dnKey(String(value)) ?? '')?.dn ?? value,
        );
      this.replace({ ...object, attributes: { ...object.attributes, ...rewritten } });
    }
  }

  backup(): Backup {
    return { objects: [...this.#objects.values()], usn: this.#usn };
  }

  /** USNs after that of the backup are given out a second time, for other changes. */
  restore({ objects, usn }: Backup): void {
    this.#objects.clear();
    this.#idByKey.clear();
    this.#links = new Links();
    this.#log = new ChangeLog();
    this.#usn = usn;
    for (const object of [...objects].sort((a, b) => a.history.changed - b.history.changed)) this.store(object);
  }
}
