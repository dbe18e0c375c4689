import type { Filter } from '../../ldap-filter/filter.ts';
import { type Matcher, matcher } from '../../ldap-filter/match.ts';
import { attributeType } from '../../ldap-filter/schema.ts';
import { transitive } from './in-chain.ts';
import type { StoredObject } from './object-table.ts';
import type { View } from './view.ts';

/** A filter as a test of the objects of a view. */
export const viewMatcher = (filter: Filter, view: View): Matcher<StoredObject> =>
  matcher(filter, {
    values: (object, attribute) => view.values(object, attribute),
    attributeType,
    rootDn: view.store.controller.rootDn,
    inChain: (attribute, target) => transitive(attribute, target, view),
  });
