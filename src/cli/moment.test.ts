import { UsageError } from './command.ts';
import { momentOf } from './moment.ts';

test.each([
  ['2026-11-24T08:00:00Z', '2026-11-24T08:00:00.000Z'],
  ['2026-11-24T08:00:00+02:00', '2026-11-24T06:00:00.000Z'],
  ['2026-11-24', new Date(2026, 10, 24).toISOString()],
  ['2026-11-24T08:00', new Date(2026, 10, 24, 8).toISOString()],
  ['2026-11-24 08:00', new Date(2026, 10, 24, 8).toISOString()],
])('%s is a moment', (written, instant) => {
  expect(momentOf(written)).toBe(instant);
});

test('none is none', () => {
  expect(momentOf(undefined)).toBeUndefined();
});

test.each(['yesterday', '24.11.2026', '2026-13-01', '08:00'])('%s is none', (written) => {
  expect(() => momentOf(written)).toThrow(UsageError);
});
