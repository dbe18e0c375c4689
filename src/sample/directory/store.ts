import { dnKey, isWithin, parentDn } from '../../ldap-filter/dn.ts';
import { Editor } from './editor.ts';
import { guidBytes, guidFrom } from '../../ldap-filter/guid.ts';
import { newHistory } from './history.ts';
import { type DomainController, domainController, infrastructure } from './infrastructure.ts';
import type { AttributeValue, DirectoryModel } from './model.ts';
import { type Backup, ObjectTable, type StoredObject } from './object-table.ts';
import { forwardLinkOf } from '../../ldap-filter/schema.ts';
import { asList } from './values.ts';

/** What a sample directory holds, with what AD itself keeps: back links, GUIDs, and when what was changed. */
export class DirectoryStore {
  readonly controller: DomainController;
  /** Changes are made through it. */
  readonly editor: Editor;
  /** Keys of their heads, outer ones first: the domain, the configuration, the schema. */
  readonly #contexts: readonly string[];
  readonly #table = new ObjectTable();
  #expired = 0;

  constructor(model: DirectoryModel) {
    this.controller = domainController(model);
    const { baseDn, configurationDn, schemaDn } = this.controller;
    this.#contexts = [baseDn, configurationDn, schemaDn].map((dn) => dnKey(dn) ?? '');
    this.editor = new Editor(this.#table, this.controller, model.domainSid);
    for (const object of infrastructure(model)) this.editor.put(object);
    for (const object of model.objects) this.editor.put(object);
  }

  get highestCommittedUsn(): number {
    return this.#table.usn;
  }

  /** Whoever has seen less than this USN has missed tombstones that are gone. */
  get expiredUsn(): number {
    return this.#expired;
  }

  /** Identifies this copy of the database: its USNs mean nothing to another. */
  get invocationId(): Buffer {
    const id = this.find(this.controller.serviceDn)?.attributes['invocationId'];
    return Buffer.isBuffer(id) ? id : Buffer.alloc(16);
  }

  /** Without those that are deleted. */
  *objects(): Generator<StoredObject> {
    for (const object of this.#table.all()) if (!object.deleted) yield object;
  }

  /** By DN, or by AD's `<GUID=…>`; deleted ones too. Undefined: no such object; null: that is no name. */
  find(name: string): StoredObject | undefined | null {
    const guid = /^<GUID=(.+)>$/i.exec(name)?.[1];
    if (guid !== undefined) {
      const bytes = guidBytes(guid);
      return bytes === undefined ? null : this.#table.get(bytes.toString('hex'));
    }
    const key = dnKey(name);
    return key === undefined ? null : this.#table.byKey(key);
  }

  byKey(key: string): StoredObject | undefined {
    return this.#table.byKey(key);
  }

  byId(id: string): StoredObject | undefined {
    return this.#table.get(id);
  }

  /** The nearest object above that exists: what an answer noSuchObject names. */
  bestMatch(dn: string): string {
    for (let key = parentDn(dnKey(dn) ?? ''); key !== ''; key = parentDn(key)) {
      const object = this.#table.byKey(key);
      if (object !== undefined) return object.dn;
    }
    return '';
  }

  /** Key of the head of the naming context that the key is in; undefined: in none that is here. */
  contextOf(key: string): string | undefined {
    return this.#contexts.findLast((context) => isWithin(key, context));
  }

  /**
   * Base first, deleted ones included. A search of one naming context does not enter another. `ids`: these at most, and the
   * base.
   */
  *within(base: StoredObject, scope: 'base' | 'one' | 'sub', ids?: ReadonlySet<string>): Generator<StoredObject> {
    if (scope === 'base' || scope === 'sub') yield base;
    if (scope === 'base') return;
    const context = this.contextOf(base.key);
    const candidates = ids === undefined ? this.#table.all() : [...ids].flatMap((id) => this.#table.get(id) ?? []);
    for (const object of candidates) {
      if (object.id === base.id || !isWithin(object.key, base.key) || this.contextOf(object.key) !== context) continue;
      if (scope !== 'one' || parentDn(object.key) === base.key) yield object;
    }
  }

  /**
   * Those of the naming context, and the heads of those directly below it, that were changed after a USN: in the order
   * of the changes, deleted ones included. Take what is needed before the next change.
   */
  *changedSince(usn: number, context: string): Generator<StoredObject> {
    for (const object of this.#table.changedSince(usn)) {
      const home = this.contextOf(object.key);
      if (home === context || (home === object.key && this.contextOf(parentDn(object.key)) === context)) yield object;
    }
  }

  /** By lDAPDisplayName. */
  values(object: StoredObject, attribute: string): readonly AttributeValue[] {
    if (attribute === 'distinguishedName') return [object.dn];
    if (attribute === 'parentGUID') return asList(this.parent(object)?.attributes['objectGUID']);
    const forward = forwardLinkOf.get(attribute);
    if (forward === undefined) return asList(object.attributes[attribute]);
    return [...this.#table.naming(object.key, forward)].map(({ dn }) => dn);
  }

  parent(object: StoredObject): StoredObject | undefined {
    return this.#table.byKey(parentDn(object.key));
  }

  /** Keys of the groups that name the object as a member. */
  *groupsOf(key: string): Generator<string> {
    for (const group of this.#table.naming(key, 'member')) yield group.key;
  }

  linkTarget(value: AttributeValue): string {
    return this.#table.linkTarget(value);
  }

  /** After the tombstone lifetime. */
  expireTombstones(): void {
    this.#expired = Math.max(this.#expired, this.editor.expireTombstones());
  }

  backup(): Backup {
    return this.#table.backup();
  }

  restore(backup: Backup, invocation: 'kept' | 'new'): void {
    const before = this.invocationId;
    this.#table.restore(backup);
    if (invocation === 'new') this.#renewInvocation(before);
  }

  /** Another domain controller has the same objects at other USNs, and another invocationId. */
  replaceServer(): void {
    const first = 4000;
    const before = this.invocationId;
    const objects = this.#table.backup().objects.map((object, i): StoredObject => {
      const usn = String(first + i);
      const attributes = { ...object.attributes, uSNCreated: usn, uSNChanged: usn };
      return { ...object, attributes, history: newHistory(first + i) };
    });
    this.#table.restore({ objects, usn: first + objects.length });
    this.#expired = 0;
    this.#renewInvocation(before);
  }

  #renewInvocation(before: Buffer): void {
    this.editor.modify(this.controller.serviceDn, { invocationId: guidFrom(`after ${before.toString('hex')}`) });
  }
}
