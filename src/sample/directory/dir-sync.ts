/** One round of DirSync: MS-ADTS 3.1.1.3.4.1.3. */
import { dnKey } from '../../ldap-filter/dn.ts';
import { changesOf, type ChangesWanted } from './dir-sync-changes.ts';
import { type DirSyncRequest, writeDirSyncAnswer } from './dir-sync-control.ts';
import { type DirSyncPosition, readDirSyncCookie, writeDirSyncCookie } from './dir-sync-cookie.ts';
import type { Faults } from './faults.ts';
import type { Grants } from './grants.ts';
import type { Limits } from './limits.ts';
import type { StoredObject } from './object-table.ts';
import type { SearchOperation } from './request.ts';
import { entryBytes, type ResponseControl, type ResponseEntry } from './response.ts';
import { adResults, type LdapResult, resultCodes } from './result-codes.ts';
import { selection } from './selection.ts';
import type { DirectoryStore } from './store.ts';
import { everything, View } from './view.ts';
import { viewMatcher } from './view-matcher.ts';

export interface Round {
  readonly entries: readonly ResponseEntry[];
  readonly control: ResponseControl;
}

/**
 * Answers the changes since the cookie, oldest first, as far as a round goes. An object that is changed meanwhile comes
 * again. Not all rounds have entries: what does not match, or may not be seen, is passed over but counts.
 */
export function dirSync(
  search: SearchOperation,
  request: DirSyncRequest,
  { store, faults, limits }: { readonly store: DirectoryStore; readonly faults: Faults; readonly limits: Limits },
  grants: Grants,
): Round | LdapResult {
  const key = dnKey(search.base);
  if (key === undefined || store.byKey(key) === undefined || store.contextOf(key) !== key)
    return request.objectSecurity ? { code: resultCodes.unwillingToPerform } : adResults.accessDenied;
  if (!request.objectSecurity && grants.getChanges !== true) return adResults.accessDenied;
  const from = positionOf(request.cookie, store, faults);
  if (from === undefined) return adResults.controlRefused;
  const view = new View(store, request.objectSecurity ? grants : everything, true);
  const matches = viewMatcher(search.filter, view);
  const wanted: ChangesWanted = {
    since: from.since,
    fromNothing: request.cookie.length === 0,
    selection: selection(search.attributes, search.typesOnly),
    incrementalValues: request.incrementalValues,
    limits,
  };
  const entries = new Map<string, ResponseEntry>();
  let bytes = 0;
  const answer = (object: StoredObject): void => {
    if (entries.has(object.id) || !view.sees(object) || matches(object) !== true) return;
    const entry = changesOf(object, view, wanted);
    if (entry === undefined) return;
    entries.set(object.id, entry);
    bytes += entryBytes(entry);
  };
  let { position } = from;
  let passed = 0;
  let more = false;
  for (const object of store.changedSince(position, key)) {
    if (passed === limits.maxDirSyncObjects || (request.maxBytes > 0 && bytes >= request.maxBytes)) {
      more = true;
      break;
    }
    if (request.ancestorsFirst) for (const above of changedAbove(object, store, key, position)) answer(above);
    answer(object);
    position = object.history.changed;
    passed += 1;
  }
  const end = store.highestCommittedUsn;
  const reached = more ? { since: from.since, position } : { since: end, position: end };
  return {
    entries: [...entries.values()],
    control: writeDirSyncAnswer(more, writeDirSyncCookie(store.invocationId, reached)),
  };
}

/** Undefined: the cookie is none, another server's, or too old. */
function positionOf(cookie: Buffer, store: DirectoryStore, faults: Faults): DirSyncPosition | undefined {
  const beginning = { since: 0, position: 0 };
  if (cookie.length === 0) return beginning;
  if (faults.take('reject-cookie') !== undefined) return undefined;
  const read = readDirSyncCookie(cookie);
  if (read === undefined) return undefined;
  if (!read.invocationId.equals(store.invocationId))
    return faults.take('replay-cookie') === undefined ? undefined : beginning;
  return read.at.position < store.expiredUsn ? undefined : read.at;
}

/** What lies above the object and comes later in this reading, the highest first. */
function changedAbove(object: StoredObject, store: DirectoryStore, context: string, position: number): StoredObject[] {
  const above: StoredObject[] = [];
  for (
    let one = object.key === context ? undefined : store.parent(object);
    one !== undefined;
    one = store.parent(one)
  ) {
    if (one.history.changed > position) above.unshift(one);
    if (one.key === context) break;
  }
  return above;
}
