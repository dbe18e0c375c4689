import type { PlanEntry } from '../../api/schemas/directories.ts';
import { clean, truncate } from './clean.ts';
import { styled, type Style } from './style.ts';

const styles: Readonly<Record<string, Style>> = { added: 'good', returned: 'good', changed: 'warn', missing: 'bad' };
const ACTION_COLUMNS = 'returned'.length;

/** Entries of a plan: action and subject, below a change each attribute with before → after. Lines are cut to `width`. */
export function planText(entries: readonly PlanEntry[], width: number): string {
  return entries.flatMap((entry) => entryLines(entry, width)).join('\n');
}

function entryLines(entry: PlanEntry, width: number): string[] {
  const style = styles[entry.action];
  const action = clean(entry.action).padEnd(ACTION_COLUMNS);
  const subject = truncate(clean(entry.subject), width - ACTION_COLUMNS - 2);
  const head = `${style === undefined ? action : styled(style, action)}  ${subject}`;
  // What an object brings when it is new is no change: its attributes are in the directory.
  if (entry.action !== 'changed') return [head];
  const names = entry.changes.reduce((widest, change) => Math.max(widest, change.attribute.length), 0);
  return [
    head,
    ...entry.changes.map((change) => {
      const line = `${' '.repeat(ACTION_COLUMNS + 2)}${clean(change.attribute).padEnd(names)}  ${valuesText(change.before)} → ${valuesText(change.after)}`;
      return truncate(line, width);
    }),
  ];
}

const valuesText = (values: readonly string[]): string => (values.length === 0 ? '(nothing)' : values.map(clean).join(', '));
