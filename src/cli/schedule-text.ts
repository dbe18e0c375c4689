/**
 * Schedules as people type and read them:
 *
 *     none | once 2026-11-24T08:00 | daily 08:00 | weekly mon,fri 08:00 | every 30 min | every 2 h 22:00-06:00
 *
 * The time zone stands apart (`--time-zone`), because it is nearly always the computer's.
 */
import type { Directory } from '../api/schemas/directories.ts';
import { type Schedule, type Weekday, weekdays } from '../shared/schedule-types.ts';
import { UsageError } from './command.ts';

export const SCHEDULE_FORMS = '"every 60 min", "every 2 h 06:00-22:00", "daily 08:00", "weekly mon,fri 08:00", "once 2026-11-24T08:00" or "none"';

const LOCAL_TIME = '(?:[01][0-9]|2[0-3]):[0-5][0-9]';
const oncePattern = new RegExp(`^once ([0-9]{4}-[0-9]{2}-[0-9]{2})[T ](${LOCAL_TIME})$`);
const dailyPattern = new RegExp(`^daily (${LOCAL_TIME})$`);
const weeklyPattern = new RegExp(`^weekly ([a-z]+(?:, ?[a-z]+)*) (${LOCAL_TIME})$`);
const everyPattern = new RegExp(`^every ([0-9]{1,4}) ?(min|m|minutes|h|hours?)(?: (${LOCAL_TIME}) ?- ?(${LOCAL_TIME}))?$`);

/** The bounds of the API: more often than every five minutes is polling, which changes replace. */
const LEAST_MINUTES = 5;
const MOST_MINUTES = 1440;

/** @throws UsageError naming the forms */
export function parseSchedule(text: string, timeZone: string): Directory['schedule'] {
  const given = text.trim().toLowerCase().replace(/\s+/g, ' ');
  if (given === 'none') return null;
  const once = oncePattern.exec(given.replace(/t(?=[0-9]{2}:)/, 'T'));
  if (once !== null) return { kind: 'once', at: `${once[1] ?? ''}T${once[2] ?? ''}`, timeZone };
  const daily = dailyPattern.exec(given);
  if (daily !== null) return { kind: 'daily', at: daily[1] ?? '', timeZone };
  const weekly = weeklyPattern.exec(given);
  if (weekly !== null) return { kind: 'weekly', days: parseDays(weekly[1] ?? ''), at: weekly[2] ?? '', timeZone };
  const every = everyPattern.exec(given);
  if (every !== null) {
    const everyMinutes = Number(every[1]) * (every[2]?.startsWith('h') === true ? 60 : 1);
    if (everyMinutes < LEAST_MINUTES || everyMinutes > MOST_MINUTES) {
      throw new UsageError(`A schedule runs every ${LEAST_MINUTES} minutes at the most and once a day at the least; "${text}" does not.`);
    }
    return { kind: 'interval', start: every[3] ?? '00:00', end: every[4] ?? '00:00', everyMinutes, timeZone };
  }
  throw new UsageError(`"${text}" is no schedule. Write ${SCHEDULE_FORMS}.`);
}

function parseDays(text: string): Weekday[] {
  const days = text.split(',').map((given) => {
    const day = given.trim();
    const found = weekdays.find((weekday) => day.length >= 2 && weekday.startsWith(day));
    if (found === undefined) throw new UsageError(`"${day}" is no day of the week. Write mon, tue, wed, thu, fri, sat or sun.`);
    return found;
  });
  return weekdays.filter((weekday) => days.includes(weekday));
}

/** The schedule in the form that `parseSchedule` takes. */
export function scheduleText(schedule: Schedule | null): string {
  if (schedule === null) return 'none';
  switch (schedule.kind) {
    case 'once':
      return `once ${schedule.at}`;
    case 'daily':
      return `daily ${schedule.at}`;
    case 'weekly':
      return `weekly ${schedule.days.map((day) => day.slice(0, 3)).join(',')} ${schedule.at}`;
    case 'interval': {
      const window = schedule.start === schedule.end ? '' : ` ${schedule.start}-${schedule.end}`;
      return `every ${schedule.everyMinutes} min${window}`;
    }
  }
}

/** The schedule with its zone, for display. */
export const scheduleSentence = (schedule: Schedule | null): string =>
  schedule === null ? 'none' : `${scheduleText(schedule)} (${schedule.timeZone})`;

/** The computer's own zone. */
export const ownTimeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** @throws UsageError when it is no IANA name */
export function checkTimeZone(name: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    throw new UsageError(`"${name}" is no time zone. Write an IANA name such as Europe/Berlin.`);
  }
}
