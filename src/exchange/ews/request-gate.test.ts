import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { RequestGate } from './request-gate.ts';

const { signal } = new AbortController();
/** A request that ends when it is told to. */
function request(gate: RequestGate, mailbox: string) {
  let begun = false;
  let end: () => void = () => undefined;
  let answered: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (end = resolve));
  const done = gate.run(mailbox, signal, async (tell) => {
    begun = true;
    answered = tell;
    await over;
  });
  return {
    done,
    began: () => begun,
    answer: () => answered(),
    end: () => {
      end();
      return done;
    },
  };
}
const quick = (gate: RequestGate, mailbox: string) => gate.run(mailbox, signal, async (answered) => answered());
beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('requests that are never answered while others are do not keep others out', async () => {
  const gate = new RequestGate(2);
  const first = request(gate, 'hangs-1');
  await quick(gate, 'fine');
  const second = request(gate, 'hangs-2');
  const waiting = quick(gate, 'other');
  await jest.advanceTimersByTimeAsync(9_000);
  // Both places are taken, by requests that may still be answered.
  const third = request(gate, 'hangs-3');
  expect(third.began()).toBe(false);
  await jest.advanceTimersByTimeAsync(30_000);
  await waiting;
  await jest.advanceTimersByTimeAsync(30_000);
  for (let n = 0; n < 10; n += 1) await quick(gate, `fine-${n}`);
  for (const hanging of [first, second, third]) await hanging.end();
});

test('a server that answers nobody gets no more than it has', async () => {
  const gate = new RequestGate(2);
  const hanging = ['a', 'b', 'c'].map((mailbox) => request(gate, mailbox));
  await jest.advanceTimersByTimeAsync(170_000);
  expect(hanging.map(({ began }) => began())).toEqual([true, true, false]);
  for (const one of hanging) await one.end();
});

test('a mailbox that was silent before gives its place up sooner', async () => {
  const gate = new RequestGate(2);
  const first = request(gate, 'hangs');
  await quick(gate, 'fine');
  await jest.advanceTimersByTimeAsync(10_000);
  await first.end();
  const again = request(gate, 'hangs');
  const other = request(gate, 'busy');
  await jest.advanceTimersByTimeAsync(0);
  other.answer();
  const waiting = request(gate, 'waits');
  await jest.advanceTimersByTimeAsync(1_900);
  expect(waiting.began()).toBe(false);
  await jest.advanceTimersByTimeAsync(100);
  expect(waiting.began()).toBe(true);
  for (const one of [again, other, waiting]) await one.end();
});

test('one that is answered late has its place again, beyond the limit', async () => {
  const gate = new RequestGate(2);
  const late = request(gate, 'late');
  await quick(gate, 'fine');
  await jest.advanceTimersByTimeAsync(10_000);
  late.answer();
  const one = request(gate, 'one');
  const other = request(gate, 'other');
  await Promise.resolve();
  expect([one.began(), other.began()]).toEqual([true, false]);
  await late.end();
  await Promise.resolve();
  expect(other.began()).toBe(true);
  await Promise.all([one.end(), other.end()]);
});
