import { FailedAttempts } from './failed-attempts.ts';

let now = 0;
beforeEach(() => {
  now = 1_000_000;
});
const fail = (attempts: FailedAttempts, address: string, times: number) => {
  for (let i = 0; i < times; i++) {
    attempts.refuseAfterTooMany(address, `bad-${i}`);
    attempts.note(address, `bad-${i}`, false);
  }
};
const attempts = () => new FailedAttempts(() => now);

test('after twenty failures in a minute an address is refused, and told how long', () => {
  const counted = attempts();
  fail(counted, '10.0.0.1', 20);
  now += 20_000;
  const refusal: unknown = expect.objectContaining({ status: 429, code: 'auth.too-many-attempts', retryAfterSeconds: 40 });
  expect(() => counted.refuseAfterTooMany('10.0.0.1', 'another')).toThrow(refusal as Error);
});

test('another address is not refused', () => {
  const counted = attempts();
  fail(counted, '10.0.0.1', 20);
  expect(() => counted.refuseAfterTooMany('10.0.0.2', 'another')).not.toThrow();
});

test('a token that was good passes, so that nobody locks out the others behind a proxy', () => {
  const counted = attempts();
  counted.note('10.0.0.1', 'good', true);
  fail(counted, '10.0.0.1', 20);
  expect(() => counted.refuseAfterTooMany('10.0.0.1', 'good')).not.toThrow();
  counted.note('10.0.0.1', 'good', false);
  expect(() => counted.refuseAfterTooMany('10.0.0.1', 'good')).toThrow();
});

test('after the minute it begins anew', () => {
  const counted = attempts();
  fail(counted, '10.0.0.1', 20);
  now += 60_000;
  fail(counted, '10.0.0.1', 20);
  expect(() => counted.refuseAfterTooMany('10.0.0.1', 'another')).toThrow();
});

test('slow failures are never too many', () => {
  const counted = attempts();
  for (let i = 0; i < 10; i++) {
    fail(counted, '10.0.0.1', 15);
    now += 60_000;
  }
  expect(() => counted.refuseAfterTooMany('10.0.0.1', 'another')).not.toThrow();
});
