/** One page of a list that is read by keyset: the key of its last row leads to the next page. */
export interface KeysetPage<T> {
  readonly items: T[];
  /** `after` of the next page; null on the last. */
  readonly next: string | null;
}

/** `rows`: one more than `limit` was asked for, so that the last page is known to be the last. */
export function keysetPage<T>(rows: readonly T[], limit: number, keyOf: (row: T) => string): KeysetPage<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? keyOf(last) : null };
}

/** Where a list by name goes on, and how many rows of it to read; absent: all of it. */
export interface NameRange {
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}
