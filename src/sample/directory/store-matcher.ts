import type { Filter } from '../../ldap-filter/filter.ts';
import { type Matcher, matcher } from '../../ldap-filter/match.ts';
import { attributeType } from '../../ldap-filter/schema.ts';
import { transitive } from './in-chain.ts';
import type { DirectoryStore, StoredObject } from './store.ts';

/** A filter as a test of a store's objects. */
export const storeMatcher = (filter: Filter, store: DirectoryStore): Matcher<StoredObject> =>
  matcher(filter, {
    values: (object, attribute) => store.values(object, attribute),
    attributeType,
    rootDn: store.controller.baseDn,
    inChain: (attribute, target) => transitive(attribute, target, store),
  });
