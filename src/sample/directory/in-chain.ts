import { dnKey } from '../../ldap-filter/dn.ts';
import type { StoredObject } from './object-table.ts';
import type { View } from './view.ts';

/**
 * LDAP_MATCHING_RULE_IN_CHAIN: does a chain of this attribute lead from the object to the target? (MS-ADTS
 * 3.1.1.3.4.4.3.) For memberships the set of all answers is computed once, from the target; cycles end.
 */
export function transitive(attribute: string, target: string, view: View): (object: StoredObject) => boolean {
  const follow = (key: string, name: string): string[] => {
    const object = view.store.byKey(key);
    return object === undefined ? [] : view.values(object, name).flatMap((value) => dnKey(String(value)) ?? []);
  };
  if (attribute === 'memberOf' || attribute === 'member') {
    const reached = closure(
      target,
      attribute === 'memberOf' ? (key) => follow(key, 'member') : (key) => view.store.groupsOf(key),
    );
    return (object) => reached.has(object.key);
  }
  return (object) => closure(object.key, (key) => follow(key, attribute)).has(target);
}

/** Everything that is reached in one step or more. */
function closure(start: string, next: (key: string) => Iterable<string>): Set<string> {
  const reached = new Set<string>();
  const open = [start];
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    for (const following of next(key)) {
      if (reached.has(following)) continue;
      reached.add(following);
      open.push(following);
    }
  }
  return reached;
}
