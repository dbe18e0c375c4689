import { dnKey, isWithin } from '../../ldap-filter/dn.ts';
import type { Grants } from './grants.ts';
import type { AttributeValue } from './model.ts';
import type { StoredObject } from './object-table.ts';
import { attributeType } from '../../ldap-filter/schema.ts';
import type { DirectoryStore } from './store.ts';
import { noValues } from './values.ts';

/** What replication sees: everything. */
export const everything: Grants = { getChanges: true, readDeleted: true };

/** The directory as one account sees it in one search. */
export class View {
  readonly store: DirectoryStore;
  readonly #hidden: readonly string[];
  readonly #unreadable: ReadonlySet<string>;
  readonly #deleted: boolean;

  /** `deleted`: the search asks for deleted objects. */
  constructor(store: DirectoryStore, grants: Grants, deleted: boolean) {
    this.store = store;
    this.#hidden = (grants.hidden ?? []).map((dn) => dnKey(dn) ?? dn);
    this.#unreadable = new Set((grants.unreadable ?? []).map((name) => attributeType(name)?.name ?? name));
    this.#deleted = deleted && grants.readDeleted === true;
  }

  sees({ key, deleted }: StoredObject): boolean {
    return (this.#deleted || !deleted) && !this.#hidden.some((hidden) => isWithin(key, hidden));
  }

  reads(attribute: string): boolean {
    return !this.#unreadable.has(attribute);
  }

  /** By lDAPDisplayName. An attribute that may not be read looks as if it had no values. */
  values(object: StoredObject, attribute: string): readonly AttributeValue[] {
    return this.reads(attribute) ? this.store.values(object, attribute) : noValues;
  }
}
