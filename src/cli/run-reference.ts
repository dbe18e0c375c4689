import type { Run } from '../api/schemas/directories.ts';
import type { ApiClient } from './api-client.ts';
import { notFound } from './api-problem.ts';
import { UsageError } from './command.ts';

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Pages of 500 that are looked through for a number: a year of hourly runs. */
const MOST_PAGES = 20;

/**
 * The run that a person means: its id, its number (`12` or `#12`), or `last`.
 * @throws UsageError when the text is none of these; ApiProblem when there is no such run
 */
export async function findRun(api: ApiClient, reference: string): Promise<Run> {
  if (uuidPattern.test(reference)) return api.run(reference);
  const number = /^#?([1-9][0-9]{0,18})$/.exec(reference)?.[1];
  if (number === undefined && reference !== 'last') throw new UsageError(`"${reference}" is no run. Give its number, its id or "last"; see: lockstep runs.`);
  let after: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { items, next } = await api.runs({ after, limit: number === undefined ? 1 : 500 });
    // Newest first.
    const found = number === undefined ? items[0] : items.find((run) => run.number === number);
    if (found !== undefined) return api.run(found.id);
    if (next === null) break;
    after = next;
  }
  throw notFound(
    number === undefined ? 'There is no run yet.' : `There is no run #${number} among the latest.`,
    number === undefined ? 'Start one: lockstep directory sync NAME.' : 'See which there are: lockstep runs. An older one is found by its id.',
  );
}
