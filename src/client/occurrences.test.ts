import fc from 'fast-check';
import type { Schedule, Weekday } from '../shared/schedule-types.ts';
import { weekdays } from '../shared/schedule-types.ts';
import { nextOccurrences, occurrences } from './occurrences.ts';

const iso = (dates: Date[]) => dates.map((date) => date.toISOString().slice(0, 16));
const utc = (text: string) => new Date(`${text}:00Z`);
const dayMs = 86_400_000;

// An oracle that shares nothing with the code under test: the engine's own time-zone formatter.
const local = (instant: Date, timeZone: string) => {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat('en-GB', {
      timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      weekday: 'long',
      hourCycle: 'h23',
    })
      .formatToParts(instant)
      .map((part) => [part.type, part.value]),
  );
  return {
    date: `${parts['year']}-${parts['month']}-${parts['day']}`,
    time: `${parts['hour']}:${parts['minute']}`,
    weekday: parts['weekday']?.toLowerCase() as Weekday,
  };
};

const zone = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'UTC', 'America/Sao_Paulo', 'Pacific/Apia');
const time = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 })).map(([h, m]) => `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`);
const start = fc.integer({ min: Date.UTC(2010, 0, 1), max: Date.UTC(2035, 0, 1) }).map((ms) => new Date(ms));

describe('clock changes', () => {
  test('a daily time that the clocks skip runs once, an hour later by the clock', () => {
    // Berlin 2026-03-29: 02:00 → 03:00.
    expect(iso(occurrences({ kind: 'daily', at: '02:30', timeZone: 'Europe/Berlin' }, utc('2026-03-28T00:00'), utc('2026-03-31T00:00')))).toEqual([
      '2026-03-28T01:30',
      '2026-03-29T01:30',
      '2026-03-30T00:30',
    ]);
  });
  test('a daily time that the clocks repeat runs at its first passing only', () => {
    // Berlin 2026-10-25: 03:00 → 02:00.
    expect(iso(occurrences({ kind: 'daily', at: '02:30', timeZone: 'Europe/Berlin' }, utc('2026-10-24T12:00'), utc('2026-10-26T12:00')))).toEqual([
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ]);
  });
  test('an hourly day has 23 and 25 ticks on the days of the change', () => {
    const hourly: Schedule = { kind: 'interval', start: '00:00', end: '00:00', everyMinutes: 60, timeZone: 'Europe/Berlin' };
    expect(occurrences(hourly, utc('2026-03-28T23:00'), utc('2026-03-29T22:00'))).toHaveLength(23);
    expect(occurrences(hourly, utc('2026-10-24T22:00'), utc('2026-10-25T23:00'))).toHaveLength(25);
  });
});

test('a day that a zone leaves out has no run', () => {
  const daily: Schedule = { kind: 'daily', at: '08:00', timeZone: 'Pacific/Apia' };
  expect(iso(occurrences(daily, utc('2011-12-29T12:00'), utc('2011-12-31T12:00')))).toEqual(['2011-12-29T18:00', '2011-12-30T18:00']);
});

test('a window across midnight belongs to the day it begins on', () => {
  const night: Schedule = { kind: 'interval', start: '22:00', end: '02:00', everyMinutes: 90, timeZone: 'UTC' };
  expect(iso(occurrences(night, utc('2026-01-02T00:00'), utc('2026-01-03T00:00')))).toEqual([
    '2026-01-02T01:00',
    '2026-01-02T22:00',
    '2026-01-02T23:30',
  ]);
});

test('once is once, and never again', () => {
  const once: Schedule = { kind: 'once', at: '2026-11-24T08:00', timeZone: 'Europe/Berlin' };
  expect(iso(nextOccurrences(once, utc('2026-11-24T06:59'), 5))).toEqual(['2026-11-24T07:00']);
  expect(nextOccurrences(once, utc('2026-11-24T07:00'), 5)).toEqual([]);
});

test('an unknown time zone is refused', () => {
  expect(() => occurrences({ kind: 'daily', at: '08:00', timeZone: 'Mars/Olympus' }, utc('2026-01-01T00:00'), utc('2026-01-02T00:00'))).toThrow(RangeError);
});

test('daily and weekly schedules run exactly once on every local day that they name', () => {
  fc.assert(
    fc.property(zone, time, start, fc.subarray([...weekdays], { minLength: 1 }), (timeZone, at, from, days) => {
      const to = new Date(from.getTime() + 40 * dayMs);
      const found = occurrences({ kind: 'weekly', days, at, timeZone }, from, to);
      const seen = found.map((instant) => local(instant, timeZone));
      // Strictly increasing, one a day, only on the named days.
      expect(new Set(seen.map((moment) => moment.date)).size).toBe(seen.length);
      for (const moment of seen) expect(days).toContain(moment.weekday);
      // None left out: each whole local day of the span that is named has its run.
      const dates = new Set(seen.map((moment) => moment.date));
      for (let ms = from.getTime() + dayMs + 7_200_000; ms < to.getTime() - dayMs - 7_200_000; ms += 3_600_000) {
        const moment = local(new Date(ms), timeZone);
        if (days.includes(moment.weekday)) expect(dates).toContain(moment.date);
      }
    }),
    { numRuns: 60 },
  );
});

test('ticks of an interval lie in their window, apart by the interval, and none is missing', () => {
  fc.assert(
    fc.property(zone, time, time, fc.integer({ min: 5, max: 600 }), start, (timeZone, begin, end, everyMinutes, from) => {
      const to = new Date(from.getTime() + 6 * dayMs);
      const schedule: Schedule = { kind: 'interval', start: begin, end, everyMinutes, timeZone };
      const found = occurrences(schedule, from, to);
      for (const [index, instant] of found.entries()) {
        const previous = found[index - 1];
        if (previous !== undefined) {
          expect(instant.getTime()).toBeGreaterThan(previous.getTime());
          const gap = (instant.getTime() - previous.getTime()) / 60_000;
          // A shorter or longer gap only where a new window begins.
          if (gap !== everyMinutes) {
            const [hours, minutes] = begin.split(':').map(Number);
            const minuteOfDay = (hours ?? 0) * 60 + (minutes ?? 0);
            const [h, m] = local(instant, timeZone).time.split(':').map(Number);
            // The clocks may have moved the window's first tick by up to two hours (or a whole day in Apia, 2011).
            expect(((h ?? 0) * 60 + (m ?? 0) - minuteOfDay + 1440) % 1440).toBeLessThanOrEqual(120);
          }
        }
      }
      // Asking in two halves gives the same answer.
      const middle = new Date(from.getTime() + 3 * dayMs);
      expect([...occurrences(schedule, from, middle), ...occurrences(schedule, middle, to)]).toEqual(found);
    }),
    { numRuns: 80 },
  );
});

test('the next instants are the first of the occurrences', () => {
  fc.assert(
    fc.property(zone, time, start, fc.constantFrom(...weekdays), fc.integer({ min: 1, max: 12 }), (timeZone, at, after, day, count) => {
      const schedule: Schedule = { kind: 'weekly', days: [day], at, timeZone };
      const next = nextOccurrences(schedule, after, count);
      expect(next).toHaveLength(count);
      expect(next).toEqual(occurrences(schedule, new Date(after.getTime() + 1), new Date(after.getTime() + 120 * dayMs)).slice(0, count));
    }),
    { numRuns: 40 },
  );
});
