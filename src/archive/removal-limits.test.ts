import { DEFAULT_REMOVAL_LIMIT } from '../shared/directory.ts';
import { isUnlimited, limitOf, passesLimit } from './removal-limits.ts';

test.each([
  [500, 100_000, false],
  [501, 100_000, true],
])('%i of %i people: more than 500 are held (%s)', (leaving, present, held) => {
  expect(passesLimit('deletion', leaving, present, undefined)).toBe(held);
});

test.each([
  [50, 1000, false],
  [51, 1000, true],
  [10, 200, false],
  [11, 219, true],
])('%i of %i people: more than five in a hundred are held (%s)', (leaving, present, held) => {
  expect(passesLimit('deletion', leaving, present, {})).toBe(held);
});

test('a small directory may lose a few whatever the percentage, and ten are a matter of percentage again', () => {
  expect(passesLimit('deletion', 9, 9, undefined)).toBe(false);
  expect(passesLimit('deletion', 10, 199, undefined)).toBe(true);
});

test('each kind has its own limits, and half a limit leaves the other half as it is', () => {
  const removal = { limits: { deletion: { number: 3 }, disable: { percent: 50 } } };
  expect(passesLimit('deletion', 4, 1000, removal)).toBe(true);
  expect(passesLimit('group-removal', 4, 1000, removal)).toBe(false);
  expect(limitOf('deletion', removal)).toEqual({ number: 3, percent: 5 });
  expect(passesLimit('disable', 500, 1000, removal)).toBe(false);
  expect(passesLimit('disable', 501, 1000, removal)).toBe(true);
  expect(limitOf('group-removal', removal)).toEqual(DEFAULT_REMOVAL_LIMIT);
});

test('a limit of none holds the first', () => {
  const removal = { limits: { deletion: { number: 0 } } };
  expect(passesLimit('deletion', 0, 1000, removal)).toBe(false);
  expect(passesLimit('deletion', 1, 1000, removal)).toBe(true);
});

test('knows when nothing would ever be held', () => {
  expect(isUnlimited('disable', { limits: { disable: { number: 10_000_000, percent: 100 } } })).toBe(true);
  expect(isUnlimited('disable', { limits: { disable: { percent: 100 } } })).toBe(false);
  expect(isUnlimited('deletion', undefined)).toBe(false);
});
