import { rateMeter } from './rate.ts';

test('the rate is that of the last ten seconds', () => {
  const rate = rateMeter();
  expect(rate(0, 0)).toBeUndefined();
  expect(rate(500, 1_000)).toBe(500);
  for (let second = 2; second <= 30; second++) rate(500, second * 1000);
  expect(rate(500, 31_000)).toBe(0);
});

test('a reading that begins again is measured anew', () => {
  const rate = rateMeter();
  rate(10_000, 0);
  expect(rate(0, 1_000)).toBeUndefined();
  expect(rate(300, 2_000)).toBe(300);
});
