/** Reads a directory to its end or its failure, keeping what was given before. */
import { createLdapSource } from '../../src/directory/ldap-source.ts';
import type { SessionOptions } from '../../src/directory/ldap-session.ts';
import type { DirectoryEntry, DirectoryPage } from '../../src/shared/directory.ts';
import { LockstepError } from '../../src/shared/errors.ts';

export interface ReadingOutcome {
  readonly pages: readonly DirectoryPage[];
  /** `Unavailable ldap.busy`; `complete` when the last page came. */
  readonly verdict: string;
  readonly error: unknown;
}

export async function readDirectory(options: SessionOptions, signal: AbortSignal = new AbortController().signal): Promise<ReadingOutcome> {
  const pages: DirectoryPage[] = [];
  try {
    for await (const page of createLdapSource(options).read(signal)) pages.push(page);
    return { pages, verdict: pages.at(-1)?.last === true ? 'complete' : 'ended without a last page', error: undefined };
  } catch (error) {
    return { pages, verdict: error instanceof LockstepError ? `${error.class} ${error.code}` : String(error), error };
  }
}

/** A failed reading ends nothing: it must never give a page that says it was the last. */
export const gaveLastPage = ({ pages }: ReadingOutcome): boolean => pages.some(({ last }) => last);

export const entriesOf = ({ pages }: ReadingOutcome): readonly DirectoryEntry[] => pages.flatMap(({ entries }) => entries);

/** All parts of each group's list, put together; only lists that came to their end. */
export function membersOf({ pages }: ReadingOutcome): ReadonlyMap<string, readonly string[]> {
  const lists = new Map<string, string[]>();
  const whole = new Map<string, readonly string[]>();
  for (const { guid, dns, last } of pages.flatMap(({ members }) => members)) {
    const list = lists.get(guid) ?? [];
    lists.set(guid, list);
    list.push(...dns);
    if (last) whole.set(guid, list);
  }
  return whole;
}

/** Steps of a test, as `step outcome code`. */
export async function testSteps(options: SessionOptions): Promise<readonly string[]> {
  const { steps } = await createLdapSource(options).test(new AbortController().signal);
  return steps.map(({ step, outcome, code }) => [step, outcome, code].filter((part) => part !== undefined).join(' '));
}
