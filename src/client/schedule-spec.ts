import type { CalendarSpec, ScheduleSpec } from '@temporalio/client';
import type { Schedule } from '../shared/schedule-types.ts';
import { occurrences } from './occurrences.ts';

const months = [
  'JANUARY', 'FEBRUARY', 'MARCH', 'APRIL', 'MAY', 'JUNE', 'JULY', 'AUGUST', 'SEPTEMBER', 'OCTOBER', 'NOVEMBER', 'DECEMBER',
] as const;

/**
 * How far ahead a Temporal Schedule knows its ticks. They are written anew every hour; two weeks outlast any outage of
 * the lockstep servers after which one would still want missed ticks to matter.
 */
export const horizonDays = 14;

/**
 * The ticks of the next two weeks as UTC calendars, one for each group of hours with the same minutes on a day. Temporal's own
 * time zones match the literal clock (02:30 is lost or doubled when clocks change), so only UTC instants are handed over.
 */
export function scheduleSpec(schedule: Schedule, now: Date, jitterSeconds: number): ScheduleSpec {
  const horizon = new Date(now.getTime() + horizonDays * 86_400_000);
  // day → hour → minutes
  const days = new Map<string, Map<number, number[]>>();
  for (const instant of occurrences(schedule, now, schedule.kind === 'once' ? new Date('9999-12-31T00:00:00Z') : horizon)) {
    const day = instant.toISOString().slice(0, 10);
    const hours = days.get(day) ?? new Map<number, number[]>();
    days.set(day, hours);
    hours.set(instant.getUTCHours(), [...(hours.get(instant.getUTCHours()) ?? []), instant.getUTCMinutes()]);
  }
  const calendars: CalendarSpec[] = [];
  for (const [day, hours] of days) {
    const [year, month, dayOfMonth] = day.split('-').map(Number);
    const byMinutes = new Map<string, { minutes: number[]; hours: number[] }>();
    for (const [hour, minutes] of hours) {
      const group = byMinutes.get(minutes.join()) ?? { minutes, hours: [] };
      group.hours.push(hour);
      byMinutes.set(minutes.join(), group);
    }
    for (const group of byMinutes.values()) {
      calendars.push({
        year: year ?? 0,
        month: months[(month ?? 1) - 1] ?? 'JANUARY',
        dayOfMonth: dayOfMonth ?? 1,
        hour: group.hours,
        minute: group.minutes,
        second: 0,
      });
    }
  }
  return { calendars, timezone: 'UTC', ...(jitterSeconds > 0 ? { jitter: `${jitterSeconds} seconds` } : {}) };
}
