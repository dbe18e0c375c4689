import { Temporal } from '@js-temporal/polyfill';
import type { Schedule } from '../shared/schedule-types.ts';
import type { Issue } from './record-errors.ts';

/** What is wrong with a schedule whose shape is right. */
export function scheduleIssues(schedule: Schedule, path = '/schedule'): Issue[] {
  const issues: Issue[] = [];
  if (!isTimeZone(schedule.timeZone)) {
    issues.push({ path: `${path}/timeZone`, message: `"${schedule.timeZone}" is no time zone; use an IANA name such as Europe/Berlin` });
  }
  switch (schedule.kind) {
    case 'once':
      if (!isLocalDateTime(schedule.at)) issues.push({ path: `${path}/at`, message: 'there is no such date and time; write 2026-11-24T08:00' });
      break;
    case 'daily':
      break;
    case 'interval': {
      const length = windowMinutes(schedule.start, schedule.end);
      if (schedule.everyMinutes > length) {
        issues.push({
          path: `${path}/everyMinutes`,
          message: `is longer than the window from ${schedule.start} to ${schedule.end} (${length} minutes); use a daily schedule`,
        });
      }
      break;
    }
    case 'weekly':
      if (new Set(schedule.days).size !== schedule.days.length) issues.push({ path: `${path}/days`, message: 'names a day twice' });
      break;
  }
  return issues;
}

/** Length of a window in minutes by the clock on the wall; it may cross midnight; start = end is the whole day. */
function windowMinutes(start: string, end: string): number {
  const minutes = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
  const length = minutes(end) - minutes(start);
  return length > 0 ? length : length + 24 * 60;
}

/** Names only: an offset such as +01:00 knows no daylight saving, which people do not expect of a time zone. */
function isTimeZone(name: string): boolean {
  if (/^[+-]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function isLocalDateTime(text: string): boolean {
  try {
    Temporal.PlainDateTime.from(text, { overflow: 'reject' });
    return true;
  } catch {
    return false;
  }
}
