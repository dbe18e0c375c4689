import { temporalUiPlace } from './start-all.ts';

test('the address of the Temporal UI opens the list of runs in the namespace of Lockstep', () => {
  expect(temporalUiPlace('http://127.0.0.1:8233', 'lockstep')).toBe('http://127.0.0.1:8233/temporal/namespaces/lockstep/workflows');
  expect(temporalUiPlace('http://127.0.0.1:8233/', 'lock step')).toBe('http://127.0.0.1:8233/temporal/namespaces/lock%20step/workflows');
});
