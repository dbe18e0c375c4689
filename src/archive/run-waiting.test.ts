import { runStates } from '../shared/runs.ts';
import { type RunSituation, waitingFor } from './run-waiting.ts';

const at = new Date('2026-11-24T08:00:00Z');
const situation = (change: Partial<RunSituation> = {}): RunSituation => ({
  state: 'running',
  site: 'berlin',
  siteState: 'online',
  siteLastSeenAt: at,
  progressAt: at,
  stalled: false,
  error: null,
  ...change,
});

test('a run that gets on waits for nothing', () => {
  expect(waitingFor(situation())).toBeNull();
});
test.each(runStates.filter((state) => state !== 'queued' && state !== 'running'))('a run that is %s waits for nothing', (state) => {
  expect(waitingFor(situation({ state, siteState: 'offline', stalled: true }))).toBeNull();
});
test.each<[Partial<RunSituation>, string]>([
  [{ siteState: 'offline' }, 'site berlin is offline since 2026-11-24T08:00:00.000Z'],
  [{ siteState: 'offline', siteLastSeenAt: null }, 'site berlin is offline and was never seen'],
  [{ siteState: 'pending' }, 'site berlin is not enrolled yet'],
  [{ siteState: 'disabled' }, 'site berlin is disabled'],
  [{ state: 'queued' }, 'queued: a server takes it up next'],
  [{ progressAt: null }, 'site berlin has not begun yet'],
  [{ stalled: true }, 'nothing has arrived from site berlin since 2026-11-24T08:00:00.000Z'],
  [
    { error: { class: 'Unavailable', code: 'ldap.unreachable', message: 'The server does not answer.', next: 'Check the network.' } },
    'The server does not answer. Trying again. Check the network.',
  ],
])('says what an open run waits for: %j', (change, sentence) => {
  expect(waitingFor(situation(change))).toBe(sentence);
});
