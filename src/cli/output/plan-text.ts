import type { PlanEntry, Run } from '../../api/schemas/directories.ts';
import { planActions } from '../../shared/directory-plan.ts';
import type { Settings } from '../directory-settings.ts';
import { clean, truncate } from './clean.ts';
import { count } from './numbers.ts';
import { styled, type Style } from './style.ts';
import { table } from './table.ts';

const styles: Readonly<Record<string, Style>> = {
  held: 'bad', conflict: 'warn', removed: 'bad', disabled: 'bad', unlinked: 'warn', linked: 'good', enabled: 'good', returned: 'good', added: 'good', changed: 'warn',
};

/** Counts by action, in the order of the plan; actions that a newer platform knows come last. */
export function planCountsText(counts: NonNullable<NonNullable<Run['plan']>['counts']>): string {
  const known = planActions.filter((action) => action in counts);
  const others = Object.keys(counts).filter((action) => !(planActions as readonly string[]).includes(action));
  const rows = [...known, ...others].map((action) => ({ action, ...(counts[action] ?? { people: 0, groups: 0 }) }));
  return table(
    rows,
    [
      { title: 'WOULD BE', value: ({ action }) => wording[action] ?? action, style: ({ action }) => styles[action] },
      { title: 'PEOPLE', value: ({ people }) => count(people), align: 'right' },
      { title: 'GROUPS', value: ({ groups }) => count(groups), align: 'right' },
    ],
    Infinity,
  );
}
/** Where the action alone would not say it in a table of what objects would be. */
const wording: Readonly<Record<string, string>> = { held: 'held for approval', conflict: 'in conflict over an address', linked: 'linked as one person', unlinked: 'no longer one person' };

/** Entries grouped by action, as they come: the subject, a sentence, and each attribute with before → after. Lines are cut to `width`. */
export function planText(entries: readonly PlanEntry[], width: number): string {
  const lines: string[] = [];
  let action: string | undefined;
  for (const entry of entries) {
    if (entry.action !== action) {
      action = entry.action;
      const style = styles[action];
      if (lines.length > 0) lines.push('');
      lines.push(style === undefined ? clean(action) : styled(style, clean(action)));
    }
    lines.push(...entryLines(entry).map((line) => truncate(line, width)));
  }
  return lines.join('\n');
}

function entryLines(entry: PlanEntry): string[] {
  const names = entry.changes.reduce((widest, change) => Math.max(widest, change.attribute.length), 0);
  return [
    `  ${clean(entry.subject)}`,
    ...(entry.detail === null ? [] : [`      ${clean(entry.detail)}`]),
    ...entry.changes.map((change) => `      ${clean(change.attribute).padEnd(names)}  ${valuesText(change.before)} → ${valuesText(change.after)}`),
  ];
}

const valuesText = (values: readonly string[]): string => (values.length === 0 ? '(nothing)' : values.map(clean).join(', '));

/** With which settings a plan was made that differ from what is saved. */
export function settingsChangesText(saved: Settings, planned: Settings): string {
  const names = [...new Set([...Object.keys(saved), ...Object.keys(planned)])] as (keyof Settings)[];
  const changed = names.filter((name) => JSON.stringify(saved[name]) !== JSON.stringify(planned[name]));
  return ['With settings that are not saved:', ...changed.map((name) => `  ${name}: ${settingText(saved[name])} → ${settingText(planned[name])}`)].join('\n');
}

function settingText(value: Settings[keyof Settings]): string {
  if (value === undefined) return '(default)';
  if (Array.isArray(value)) return value.map((one) => clean(String(one))).join('; ');
  return clean(typeof value === 'object' ? JSON.stringify(value) : String(value));
}
