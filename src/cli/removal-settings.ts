/** What becomes of who disappears, and how many may go at once, as options of `directory add` and `directory change`. */
import type { Directory } from '../api/schemas/directories.ts';
import { DEFAULT_REMOVAL_LIMIT, type RemovalKind } from '../shared/directory.ts';
import { number, text, UsageError } from './command.ts';

type Removal = NonNullable<Directory['settings']['removal']>;

const limitNumber = (what: string) =>
  number('count', `more than so many ${what} by one run are held for you (default: ${DEFAULT_REMOVAL_LIMIT.number})`, { minimum: 0, maximum: 10_000_000 });
const limitPercent = (what: string) =>
  number('percent', `the same in percent of the ${what}, from ten on (default: ${DEFAULT_REMOVAL_LIMIT.percent})`, { minimum: 0, maximum: 100 });

export const removalOptions = {
  removal: text('rule', 'people who disappear: keep, disable, or delete-after-days=N (default: keep)'),
  deletionLimit: limitNumber('people who would leave'),
  deletionLimitPercent: limitPercent('people'),
  disableLimit: limitNumber('accounts that would be disabled'),
  disableLimitPercent: limitPercent('enabled accounts'),
  groupRemovalLimit: limitNumber('groups that would disappear'),
  groupRemovalLimitPercent: limitPercent('groups'),
};

export interface GivenRemoval {
  readonly removal?: string | undefined;
  readonly deletionLimit?: number | undefined;
  readonly deletionLimitPercent?: number | undefined;
  readonly disableLimit?: number | undefined;
  readonly disableLimitPercent?: number | undefined;
  readonly groupRemovalLimit?: number | undefined;
  readonly groupRemovalLimitPercent?: number | undefined;
}

/**
 * `before` with what was given; undefined: all by default.
 * @throws UsageError
 */
export function withGivenRemoval(before: Removal | undefined, given: GivenRemoval): Removal | undefined {
  const limits = {
    ...before?.limits,
    ...limit('deletion', before, given.deletionLimit, given.deletionLimitPercent),
    ...limit('disable', before, given.disableLimit, given.disableLimitPercent),
    ...limit('group-removal', before, given.groupRemovalLimit, given.groupRemovalLimitPercent),
  };
  const removal: Removal = {
    ...before,
    ...(given.removal === undefined ? {} : { people: ruleOf(given.removal) }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  };
  return Object.keys(removal).length === 0 ? undefined : removal;
}

function limit(kind: RemovalKind, before: Removal | undefined, objects: number | undefined, percent: number | undefined): NonNullable<Removal['limits']> {
  if (objects === undefined && percent === undefined) return {};
  const given = { ...(objects === undefined ? {} : { number: objects }), ...(percent === undefined ? {} : { percent }) };
  return { [kind]: { ...before?.limits?.[kind], ...given } };
}

function ruleOf(rule: string): NonNullable<Removal['people']> {
  if (rule === 'keep' || rule === 'disable') return rule;
  const days = /^delete-after-days=([1-9][0-9]{0,3})$/.exec(rule)?.[1];
  if (days === undefined) throw new UsageError(`--removal takes keep, disable or delete-after-days=N; not "${rule}".`);
  return { deleteAfterDays: Number(days) };
}
