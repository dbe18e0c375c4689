import type { HistoryEvent } from '../../api/schemas/people.ts';
import { clean } from './clean.ts';
import { table } from './table.ts';
import { localTime } from './times.ts';

/** What happened, newest first; each change of an attribute on a line of its own. */
export const historyTable = (events: readonly HistoryEvent[], width: number): string =>
  table(
    events.flatMap((event) => {
      const [first, ...more] = linesOf(event);
      const run = event.run === null ? 'changes' : `run ${event.run.number}`;
      return [
        { at: localTime(event.at), kind: event.kind, what: first ?? '', by: event.directory === null ? run : `${event.directory}, ${run}` },
        ...more.map((what) => ({ at: '', kind: '', what, by: '' })),
      ];
    }),
    [
      { title: 'WHEN', value: (line) => line.at },
      { title: 'WHAT', value: (line) => line.kind },
      { title: 'DETAIL', value: (line) => line.what, shrink: true },
      { title: 'BY', value: (line) => line.by },
    ],
    width,
  );

function linesOf({ group, member, rule, changes }: HistoryEvent): string[] {
  return [
    ...(group === null ? [] : [group.id === null ? 'a group that is not known any more' : `${clean(group.displayName)} (${group.id})`]),
    ...(member === null ? [] : [clean(member.dn)]),
    ...(rule === null ? [] : [`rule ${rule}`]),
    ...changes.map(({ attribute, before, after }) => `${attribute}: ${valuesText(before)} → ${valuesText(after)}`),
  ];
}

const valuesText = (values: readonly string[]): string => (values.length === 0 ? 'none' : values.map((value) => clean(value)).join(', '));
