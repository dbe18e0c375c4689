/**
 * Which items of a mailbox are kept. Pure: what a definition and the organisation say, applied to what is known of an item and its folder. Said
 * twice, for an item that a page brings and for rows that are stored; test/integration/mailbox-rules-sql.test.ts holds the two together.
 */
import { createHash } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import type { Sensitivity, WellKnownFolder } from '../shared/mailbox.ts';
import { excludableFolders, type ExcludableFolder, type FolderReplicationSettings, type ItemRule } from '../shared/tasks.ts';

/** What holds for a mailbox in a run. */
export interface EffectiveRules extends Pick<FolderReplicationSettings, 'exclude' | 'rules'> {
  /** The organisation's: items marked Personal or Private are left out, as MSE does. */
  readonly leaveOutPrivate: boolean;
}

/** Why an item is left out: its sensitivity, its folder, or the condition of the rule that speaks of it. */
export const leftOutReasons = ['private', 'folder', 'class', 'age', 'size'] as const;
export type LeftOutReason = (typeof leftOutReasons)[number];

/** A folder's names from the top, and the default folders that it is in or is. */
export interface FolderPlace {
  readonly path: readonly string[];
  readonly wellKnown: readonly WellKnownFolder[];
}

export interface RuledItem {
  readonly itemClass: string;
  readonly size: number;
  /** When it was received, else made: RFC 3339. */
  readonly sortAt: string;
  readonly sensitivity: Sensitivity;
}

/** Decides about the items of a folder that fulfil all of its conditions. */
export interface Decision {
  /** Null: they are kept. */
  readonly reason: Exclude<LeftOutReason, 'private'> | null;
  /** In lower case, and what begins with it and a dot. */
  readonly itemClass?: string;
  readonly largerThanBytes?: number;
  /** Received before: RFC 3339. */
  readonly before?: string;
}

/** What rules say of one folder at one time. The first decision that fits an item decides; an item that none fits is kept. */
export interface FolderRules {
  readonly leaveOutPrivate: boolean;
  readonly decisions: readonly Decision[];
}

const DAY_MS = 24 * 3600_000;
const switches: Readonly<Record<ExcludableFolder, WellKnownFolder>> = {
  inbox: 'inbox',
  sentItems: 'sentitems',
  deletedItems: 'deleteditems',
};

/**
 * Ages are counted to the beginning of the day, UTC: what is true of an item stays true for the day, whichever page brought it.
 */
export function folderRules({ leaveOutPrivate, exclude, rules }: EffectiveRules, folder: FolderPlace, now: Date): FolderRules {
  if (excludableFolders.some((name) => exclude[name] && folder.wellKnown.includes(switches[name]))) {
    return { leaveOutPrivate, decisions: [{ reason: 'folder' }] };
  }
  const decisions: Decision[] = [];
  const midnight = Math.floor(now.getTime() / DAY_MS) * DAY_MS;
  for (const rule of rules) {
    if (rule.wellKnown !== undefined && !folder.wellKnown.includes(rule.wellKnown)) continue;
    if (rule.path !== undefined && !matchesPath(rule.path.split('/'), folder.path)) continue;
    decisions.push({
      reason: rule.action === 'include' ? null : reasonOf(rule),
      ...(rule.itemClass === undefined ? {} : { itemClass: lowerCase(rule.itemClass) }),
      ...(rule.largerThanBytes === undefined ? {} : { largerThanBytes: rule.largerThanBytes }),
      ...(rule.olderThanDays === undefined ? {} : { before: new Date(midnight - rule.olderThanDays * DAY_MS).toISOString() }),
    });
    // It fits everything: the rest of the rules is not looked at.
    if (Object.keys(decisions.at(-1) ?? {}).length === 1) break;
  }
  return { leaveOutPrivate, decisions };
}

/** What leaves an item out; null: it is kept. */
export function leftOut({ leaveOutPrivate, decisions }: FolderRules, item: RuledItem): LeftOutReason | null {
  if (leaveOutPrivate && isPrivate(item.sensitivity)) return 'private';
  return decisions.find((decision) => fits(decision, item))?.reason ?? null;
}

export const isPrivate = (sensitivity: Sensitivity): boolean => sensitivity === 'private' || sensitivity === 'personal';

const reasonOf = (rule: ItemRule): Exclude<LeftOutReason, 'private'> => {
  if (rule.olderThanDays !== undefined) return 'age';
  if (rule.largerThanBytes !== undefined) return 'size';
  return rule.itemClass === undefined ? 'folder' : 'class';
};

function fits({ itemClass, largerThanBytes, before }: Decision, item: RuledItem): boolean {
  if (itemClass !== undefined && !isOfClass(lowerCase(item.itemClass), itemClass)) return false;
  if (largerThanBytes !== undefined && item.size <= largerThanBytes) return false;
  return before === undefined || Date.parse(item.sortAt) < Date.parse(before);
}

/** `ipm.note` is `ipm.note.smime` too, and not `ipm.notebook`. */
const isOfClass = (is: string, of: string): boolean => is === of || is.startsWith(`${of}.`);

/** Of ASCII only, as PostgreSQL's collation "C": item classes have no other letters, and both must say the same. */
const lowerCase = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());

/** Equal as long as all items of a folder are judged alike. */
export const rulesHash = (rules: FolderRules): Buffer => createHash('sha256').update(JSON.stringify(rules)).digest();

/**
 * As leftOut, for rows `i` of the table item, kept or left out. Of a private one nothing else is known: null, it is to be read, when private
 * ones are wanted.
 */
export function leftOutSql({ leaveOutPrivate, decisions }: FolderRules): RawBuilder<LeftOutReason | null> {
  const ofPrivate = leaveOutPrivate
    ? sql`when i.left_out = 'private' or i.properties ->> 'sensitivity' in ('private', 'personal') then 'private'`
    : sql`when i.left_out = 'private' then null`;
  const cases = decisions.map((decision) => sql`when ${fitsSql(decision)} then ${decision.reason}::text`);
  return sql`case ${sql.join([ofPrivate, ...cases], sql` `)} end`;
}

/** Of a kept item its present time; its place in lists stays what it first was. */
const receivedSql = sql`coalesce(coalesce(i.properties ->> 'receivedAt', i.properties ->> 'createdAt', i.properties ->> 'sentAt')::timestamptz, i.sort_at)`;

function fitsSql({ itemClass, largerThanBytes, before }: Decision): RawBuilder<boolean> {
  const conditions = [
    ...(itemClass === undefined
      ? []
      : [sql`(lower(i.item_class collate "C") = ${itemClass} or starts_with(lower(i.item_class collate "C"), ${`${itemClass}.`}))`]),
    ...(largerThanBytes === undefined ? [] : [sql`i.size > ${largerThanBytes}::bigint`]),
    ...(before === undefined ? [] : [sql`${receivedSql} < ${before}::timestamptz`]),
  ];
  return conditions.length === 0 ? sql`true` : sql`${sql.join(conditions, sql` and `)}`;
}

/** `**` is any number of folders, `*` any text in a name. Of n patterns and m names n × m steps, whatever is given. */
function matchesPath(pattern: readonly string[], names: readonly string[]): boolean {
  let reached = new Set([0]);
  const skip = (places: Set<number>) => {
    for (const place of places) if (pattern[place] === '**') places.add(place + 1);
    return places;
  };
  skip(reached);
  for (const name of names) {
    const next = new Set<number>();
    for (const place of reached) {
      const part = pattern[place];
      if (part === undefined) continue;
      if (part === '**') next.add(place);
      else if (matchesName(part.toLowerCase(), name.toLowerCase())) next.add(place + 1);
    }
    reached = skip(next);
  }
  return reached.has(pattern.length);
}

/** Pieces between the stars are looked for from left to right: no pattern makes it slow. */
function matchesName(pattern: string, name: string): boolean {
  const pieces = pattern.split('*');
  const [first = '', ...others] = pieces;
  const last = others.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const piece of others) {
    const found = name.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}
