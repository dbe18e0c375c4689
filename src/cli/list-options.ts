import { number } from './command.ts';
import type { Page } from './api-client.ts';
import { count } from './output/numbers.ts';

/** Enough to look at; more is asked for by name. */
const DEFAULT_ITEMS = 200;

export const listOptions = {
  limit: number('count', 'show at most so many; the API is read page by page', { default: DEFAULT_ITEMS, minimum: 1 }),
};

/** Says that the list goes on; empty when it does not. */
export const moreLine = (page: Page<unknown>, limit: number): string =>
  page.next === null ? '' : `\n… and more than these ${count(page.items.length)}. See them with --limit ${limit * 10}.`;
