/** Which items of a mailbox are kept. Pure: what a definition and the organisation say, applied to what is known of an item and its folder. */
import type { Sensitivity, WellKnownFolder } from '../shared/mailbox.ts';
import type { ExcludableFolder, FolderReplicationSettings, ItemRule } from '../shared/tasks.ts';

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
}

const DAY_MS = 24 * 3600_000;
const switches: Readonly<Record<ExcludableFolder, WellKnownFolder>> = {
  inbox: 'inbox',
  sentItems: 'sentitems',
  deletedItems: 'deleteditems',
};

/** What leaves an item out; null: it is kept. `now` is what ages are counted to. */
export function leftOut(
  rules: EffectiveRules,
  folder: FolderPlace,
  item: RuledItem & { readonly sensitivity: Sensitivity },
  now: Date,
): LeftOutReason | null {
  if (rules.leaveOutPrivate && (item.sensitivity === 'private' || item.sensitivity === 'personal')) return 'private';
  return excluded(rules, folder, item, now);
}

/** As leftOut, of an item whose sensitivity is known not to matter. */
export function excluded(rules: EffectiveRules, folder: FolderPlace, item: RuledItem, now: Date): Exclude<LeftOutReason, 'private'> | null {
  for (const [name, wellKnown] of Object.entries(switches)) {
    if (rules.exclude[name as ExcludableFolder] && folder.wellKnown.includes(wellKnown)) return 'folder';
  }
  const decisive = rules.rules.find((rule) => holds(rule, folder, item, now));
  return decisive?.action === 'exclude' ? reasonOf(decisive) : null;
}

const reasonOf = (rule: ItemRule): Exclude<LeftOutReason, 'private'> => {
  if (rule.olderThanDays !== undefined) return 'age';
  if (rule.largerThanBytes !== undefined) return 'size';
  return rule.itemClass === undefined ? 'folder' : 'class';
};

function holds(rule: ItemRule, folder: FolderPlace, item: RuledItem, now: Date): boolean {
  if (rule.wellKnown !== undefined && !folder.wellKnown.includes(rule.wellKnown)) return false;
  if (rule.path !== undefined && !matchesPath(rule.path.split('/'), folder.path)) return false;
  if (rule.itemClass !== undefined && !isOfClass(item.itemClass, rule.itemClass)) return false;
  if (rule.largerThanBytes !== undefined && item.size <= rule.largerThanBytes) return false;
  return rule.olderThanDays === undefined || now.getTime() - Date.parse(item.sortAt) > rule.olderThanDays * DAY_MS;
}

/** `IPM.Note` is `ipm.note.smime` too, and not `IPM.Notebook`. */
function isOfClass(itemClass: string, wanted: string): boolean {
  const [is, of] = [itemClass.toLowerCase(), wanted.toLowerCase()];
  return is === of || is.startsWith(`${of}.`);
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

/**
 * Stands for everything by which items of a folder are left out: as long as it is the same, nobody who was left out is wanted now. Where age
 * lets items in, that changes with each day.
 */
export function rulesKey({ leaveOutPrivate, exclude, rules }: EffectiveRules, folder: FolderPlace, now: Date): string {
  const day = rules.some(({ action, olderThanDays }) => action === 'include' && olderThanDays !== undefined) ? Math.floor(now.getTime() / DAY_MS) : null;
  return JSON.stringify([leaveOutPrivate, exclude.inbox, exclude.sentItems, exclude.deletedItems, rules, folder.path, folder.wellKnown, day]);
}
