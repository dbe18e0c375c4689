import { Temporal } from '@js-temporal/polyfill';
import type { Schedule, Weekday } from '../shared/schedule-types.ts';

const weekdayNumber: Record<Weekday, number> = {
  monday: 1,
  tuesday: 2,
  wednesday: 3,
  thursday: 4,
  friday: 5,
  saturday: 6,
  sunday: 7,
};

/**
 * The instants of a schedule in [from, to), in order. The one place that knows local times and daylight saving:
 *
 * - `daily`, `weekly`, `once`: exactly once a local day. A time that the clocks skip runs as much later as the clocks
 *   jumped; a time that they repeat runs at its first passing.
 * - `interval`: every `everyMinutes` of elapsed time from `start` until before `end`, both local. `end` at or before
 *   `start` is on the next day; equal is the whole day. Elapsed, so that no tick is lost or doubled when clocks change.
 *
 * @throws RangeError for an unknown time zone or a malformed local time
 */
export function occurrences(schedule: Schedule, from: Date, to: Date): Date[] {
  if (from >= to) return [];
  const found: Date[] = [];
  const keep = (instant: Temporal.Instant): void => {
    const at = new Date(instant.epochMilliseconds);
    if (at >= from && at < to) found.push(at);
  };
  if (schedule.kind === 'once') {
    keep(Temporal.PlainDateTime.from(schedule.at).toZonedDateTime(schedule.timeZone).toInstant());
    return found;
  }
  for (const day of localDays(schedule.timeZone, from, to)) {
    if (isSkipped(day, schedule.timeZone)) continue;
    switch (schedule.kind) {
      case 'daily':
        keep(at(day, schedule.at, schedule.timeZone));
        break;
      case 'weekly':
        if (schedule.days.some((name) => weekdayNumber[name] === day.dayOfWeek)) keep(at(day, schedule.at, schedule.timeZone));
        break;
      case 'interval': {
        const endDay = schedule.end <= schedule.start ? day.add({ days: 1 }) : day;
        const end = at(endDay, schedule.end, schedule.timeZone).epochMilliseconds;
        const step = schedule.everyMinutes * 60_000;
        for (let tick = at(day, schedule.start, schedule.timeZone).epochMilliseconds; tick < end; tick += step) {
          keep(Temporal.Instant.fromEpochMilliseconds(tick));
        }
        break;
      }
    }
  }
  return found.sort((a, b) => a.getTime() - b.getTime());
}

/** The next `count` instants strictly after `after`. Fewer when the schedule ends. */
export function nextOccurrences(schedule: Schedule, after: Date, count: number): Date[] {
  const start = new Date(after.getTime() + 1);
  if (schedule.kind === 'once') return occurrences(schedule, start, farFuture).slice(0, count);
  // A weekly schedule with one day needs a week for each instant; windows double until there is enough.
  for (let days = 8; ; days *= 2) {
    const found = occurrences(schedule, start, new Date(start.getTime() + days * dayMs));
    if (found.length >= count || days > 7 * count + 8) return found.slice(0, count);
  }
}

const dayMs = 86_400_000;
const farFuture = new Date('9999-12-31T00:00:00Z');

function at(day: Temporal.PlainDate, time: string, timeZone: string): Temporal.Instant {
  return day.toPlainDateTime(Temporal.PlainTime.from(time)).toZonedDateTime(timeZone, { disambiguation: 'compatible' }).toInstant();
}

/** A zone that crosses the date line leaves a whole day out (Pacific/Apia, 30 December 2011). */
function isSkipped(day: Temporal.PlainDate, timeZone: string): boolean {
  return !day.toZonedDateTime({ timeZone, plainTime: '12:00' }).toPlainDate().equals(day);
}

/** Every local day that could hold an instant of [from, to); a window that crosses midnight begins a day earlier. */
function* localDays(timeZone: string, from: Date, to: Date): Generator<Temporal.PlainDate> {
  const localDay = (date: Date) =>
    Temporal.Instant.fromEpochMilliseconds(date.getTime()).toZonedDateTimeISO(timeZone).toPlainDate();
  const last = localDay(to);
  for (let day = localDay(from).subtract({ days: 1 }); Temporal.PlainDate.compare(day, last) <= 0; day = day.add({ days: 1 })) {
    yield day;
  }
}
