import { randomBytes } from 'node:crypto';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { Filter } from '../../ldap-filter/filter.ts';
import type { Matcher } from '../../ldap-filter/match.ts';
import type { StoredObject } from './object-table.ts';
import type { SearchOperation } from './request.ts';
import type { View } from './view.ts';
import { viewMatcher } from './view-matcher.ts';

/** Objects tested before others get their turn. */
const objectsAtOnce = 2000;

/** A search that is read in parts. */
export class SearchCursor {
  /** Which search it belongs to: a cookie is good for that one only. */
  readonly signature: string;
  /** Of the next answer; the first is 1. */
  page = 1;
  /** Objects already answered. */
  returned = 0;
  readonly view: View;
  readonly base: StoredObject;
  readonly #objects: Iterator<StoredObject>;
  readonly #matches: Matcher<StoredObject>;
  #ahead: StoredObject | undefined;

  constructor(view: View, base: StoredObject, search: SearchOperation) {
    this.signature = signatureOf(search);
    this.view = view;
    this.base = base;
    this.#objects = view.store.within(base, search.scope, askedById(search.filter));
    this.#matches = viewMatcher(search.filter, view);
  }

  /** The next matches, and whether there are more. `undefined` when `stop` said so. */
  async next(count: number, stop: () => boolean): Promise<{ objects: StoredObject[]; more: boolean } | undefined> {
    const objects: StoredObject[] = [];
    for (;;) {
      const object = this.#ahead ?? (await this.#nextMatch(stop));
      this.#ahead = undefined;
      if (object === 'stopped') return undefined;
      if (object === undefined) return { objects, more: false };
      if (objects.length === count) {
        this.#ahead = object;
        return { objects, more: true };
      }
      objects.push(object);
      this.returned += 1;
    }
  }

  #tested = 0;
  async #nextMatch(stop: () => boolean): Promise<StoredObject | undefined | 'stopped'> {
    for (;;) {
      if (++this.#tested % objectsAtOnce === 0) await yieldToOthers();
      if (stop()) return 'stopped';
      const { value, done } = this.#objects.next() as IteratorResult<StoredObject, undefined>;
      if (done === true) return undefined;
      if (this.view.sees(value) && this.#matches(value) === true) return value;
    }
  }
}

/** As AD's index of objectGUID: the objects that a filter asks for by it, and no others. Undefined: it asks for something else. */
function askedById(filter: Filter): ReadonlySet<string> | undefined {
  const ids = new Set<string>();
  for (const one of filter.kind === 'or' ? filter.filters : [filter]) {
    if (one.kind !== 'equal' || one.attribute.toLowerCase() !== 'objectguid') return undefined;
    ids.add(one.value.toString('hex'));
  }
  return ids;
}

const signatureOf = ({ base, scope, filter }: SearchOperation): string =>
  JSON.stringify([base.toLowerCase(), scope, filter]);

/**
 * The paged searches of one connection. AD keeps them there: a cookie from another connection is refused
 * (https://learn.microsoft.com/windows-server/identity/ad-ds/manage/how-ldap-server-cookies-are-handled).
 */
export class PagedSearches {
  readonly #open = new Map<string, SearchCursor>();

  /** The cookie for the rest of the search. */
  keep(cursor: SearchCursor): Buffer {
    const cookie = randomBytes(16);
    this.#open.set(cookie.toString('hex'), cursor);
    return cookie;
  }

  /** The search to go on with; a cookie is good once. Undefined: unknown, or of another search. */
  resume(cookie: Buffer, search: SearchOperation): SearchCursor | undefined {
    const key = cookie.toString('hex');
    const cursor = this.#open.get(key);
    if (cursor?.signature !== signatureOf(search)) return undefined;
    this.#open.delete(key);
    return cursor;
  }
}
