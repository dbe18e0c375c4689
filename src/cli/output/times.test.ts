import { duration, localTime, relativeTime } from './times.ts';

test('an instant is shown in local time with its zone, across a clock change', () => {
  expect(localTime('2026-11-24T07:00:15.000Z', 'Europe/Berlin')).toBe('2026-11-24 08:00:15 CET');
  expect(localTime('2026-10-24T22:30:00.000Z', 'Europe/Berlin')).toBe('2026-10-25 00:30:00 CEST');
  expect(localTime('2026-11-24T00:00:00.000Z', 'UTC')).toBe('2026-11-24 00:00:00 UTC');
  expect(localTime(null)).toBe('never');
});

test.each([
  [-5, '0.0 s'],
  [420, '0.4 s'],
  [12_900, '12 s'],
  [184_000, '3 min 4 s'],
  [7_500_000, '2 h 5 min'],
  [273_600_000, '3 d 4 h'],
])('%d ms are shown as %s', (ms, expected) => {
  expect(duration(ms)).toBe(expected);
});

test.each([
  ['2026-11-24T08:00:02Z', 'just now'],
  ['2026-11-24T07:59:20Z', '40 s ago'],
  ['2026-11-24T07:57:00Z', '3 min ago'],
  ['2026-11-24T10:00:00Z', 'in 2 h'],
  ['2026-11-14T08:00:00Z', '10 d ago'],
])('%s is %s at 08:00', (instant, expected) => {
  expect(relativeTime(instant, new Date('2026-11-24T08:00:00Z'))).toBe(expected);
});
