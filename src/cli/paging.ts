import type { Page } from './api-client.ts';

/** The API's largest page (PageQuery.limit). */
const PAGE_ITEMS = 500;

/**
 * The first `limit` items, read page by page. The answer has the API's shape; its `next` is not null when there are more.
 */
export async function firstItems<T>(limit: number, read: (query: { after?: string; limit: number }) => Promise<Page<T>>): Promise<Page<T>> {
  const items: T[] = [];
  let next: string | null = null;
  do {
    const page: Page<T> = await read({ ...(next === null ? {} : { after: next }), limit: Math.min(PAGE_ITEMS, limit - items.length) });
    items.push(...page.items);
    next = page.next;
  } while (next !== null && items.length < limit);
  return { items, next };
}

/** All items, for lists that a person keeps short (sites, directories, tokens). */
export const allItems = async <T>(read: (query: { after?: string; limit: number }) => Promise<Page<T>>): Promise<readonly T[]> =>
  (await firstItems(Infinity, read)).items;
