import fc from 'fast-check';
import { type Schedule, weekdays } from '../shared/schedule-types.ts';
import { UsageError } from './command.ts';
import { checkTimeZone, parseSchedule, scheduleText } from './schedule-text.ts';

const timeZone = 'Europe/Berlin';
const localTime = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 })).map((parts) => parts.map((part) => String(part).padStart(2, '0')).join(':'));
const schedule: fc.Arbitrary<Schedule> = fc.oneof(
  localTime.map((at) => ({ kind: 'daily' as const, at, timeZone })),
  localTime.map((at) => ({ kind: 'once' as const, at: `2026-11-24T${at}`, timeZone })),
  fc
    .tuple(fc.subarray([...weekdays], { minLength: 1 }), localTime)
    .map(([days, at]) => ({ kind: 'weekly' as const, days, at, timeZone })),
  fc
    .tuple(localTime, localTime, fc.integer({ min: 5, max: 1440 }))
    .filter(([start, end]) => start !== end)
    .map(([start, end, everyMinutes]) => ({ kind: 'interval' as const, start, end, everyMinutes, timeZone })),
  fc.integer({ min: 5, max: 1440 }).map((everyMinutes) => ({ kind: 'interval' as const, start: '00:00', end: '00:00', everyMinutes, timeZone })),
);

test('every schedule is read back from its own text', () => {
  fc.assert(fc.property(schedule, (given) => expect(parseSchedule(scheduleText(given), timeZone)).toEqual(given)));
  expect(parseSchedule(scheduleText(null), timeZone)).toBeNull();
});

test('whatever is typed is a schedule or a usage error that names the forms', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parseSchedule(text, timeZone);
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError);
      }
    }),
  );
  expect(() => parseSchedule('sometimes', timeZone)).toThrow(/every 60 min/);
});

test.each([
  ['every 2h', { kind: 'interval', start: '00:00', end: '00:00', everyMinutes: 120, timeZone }],
  ['Every 30 minutes 22:00 - 06:00', { kind: 'interval', start: '22:00', end: '06:00', everyMinutes: 30, timeZone }],
  ['weekly Fri, monday 08:00', { kind: 'weekly', days: ['monday', 'friday'], at: '08:00', timeZone }],
  ['once 2026-11-24 08:00', { kind: 'once', at: '2026-11-24T08:00', timeZone }],
])('%s is understood', (text, expected) => {
  expect(parseSchedule(text, timeZone)).toEqual(expected);
});

test.each(['every 4 min', 'every 25 h', 'daily 24:00', 'weekly xyz 08:00', 'weekly m 08:00', ''])('"%s" is refused', (text) => {
  expect(() => parseSchedule(text, timeZone)).toThrow(UsageError);
});

test('a time zone that does not exist is refused with an example', () => {
  expect(checkTimeZone('Europe/Berlin')).toBe('Europe/Berlin');
  expect(() => checkTimeZone('Berlin')).toThrow(/Europe\/Berlin/);
});
