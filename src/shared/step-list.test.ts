import { LockstepError } from './errors.ts';
import { StepList } from './step-list.ts';

const failing = () => Promise.reject(new LockstepError({ class: 'ConfigInvalid', code: 'a.b', message: 'x'.repeat(5000), next: 'Do it.' }));

test('steps after a failed one are skipped, and none of them is run', async () => {
  const list = new StepList<'a' | 'b' | 'c'>(new AbortController().signal);
  expect(await list.run('a', async () => ({ found: 7, detail: 'Seven.' }))).toBe(7);
  expect(await list.run('b', failing)).toBeUndefined();
  expect(await list.run('c', () => Promise.reject(new Error('must not run')))).toBeUndefined();
  expect(list.failed).toBe(true);
  expect(list.steps).toMatchObject([
    { step: 'a', outcome: 'passed', detail: 'Seven.' },
    { step: 'b', outcome: 'failed', code: 'a.b', next: 'Do it.' },
    { step: 'c', outcome: 'skipped' },
  ]);
  expect(list.steps[1]?.detail.length).toBeLessThan(1100);
});

test('what is cancelled or unknown is no step', async () => {
  const stop = new AbortController();
  const list = new StepList<'a'>(stop.signal);
  await expect(list.run('a', () => Promise.reject(new Error('unknown')))).rejects.toThrow('unknown');
  stop.abort(new Error('stopped'));
  await expect(list.run('a', failing)).rejects.toThrow('stopped');
  expect(list.steps).toEqual([]);
});
