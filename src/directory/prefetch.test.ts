import { prefetchOne } from './prefetch.ts';

/** Numbers from 1 to `count`; says how many were made, and whether it was ended. */
function counter(count: number) {
  const state = { made: 0, ended: false };
  async function* numbers() {
    try {
      while (state.made < count) yield ++state.made;
    } finally {
      state.ended = true;
    }
  }
  return { state, numbers: numbers() };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('prefetchOne', () => {
  test('gives every item in order', async () => {
    const { numbers } = counter(5);
    const seen: number[] = [];
    for await (const number of prefetchOne(numbers, () => undefined)) seen.push(number);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });

  test('makes the next item while the caller works on one, and never two', async () => {
    const { state, numbers } = counter(9);
    for await (const number of prefetchOne(numbers, () => undefined)) {
      await settled();
      expect(state.made).toBe(Math.min(9, number + 1));
    }
  });

  test('fails after the items before the failure', async () => {
    async function* failing() {
      yield 1;
      throw new Error('broken');
    }
    const seen: number[] = [];
    await expect(
      (async () => {
        for await (const number of prefetchOne(failing(), () => undefined)) {
          await settled();
          seen.push(number);
        }
      })(),
    ).rejects.toThrow('broken');
    expect(seen).toEqual([1]);
  });

  test('ends what is under way when the caller stops early', async () => {
    const stop = new AbortController();
    let ended = false;
    async function* hanging() {
      try {
        yield 1;
        await new Promise((_, reject) => stop.signal.addEventListener('abort', () => reject(new Error('stopped'))));
      } finally {
        ended = true;
      }
    }
    for await (const number of prefetchOne(hanging(), () => stop.abort())) {
      expect(number).toBe(1);
      break;
    }
    expect(ended).toBe(true);
  });
});
