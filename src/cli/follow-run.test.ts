import type { Run } from '../api/schemas/directories.ts';
import { LockstepError } from '../shared/errors.ts';
import type { ApiClient } from './api-client.ts';
import { ApiProblem } from './api-problem.ts';
import type { CommandIo } from './command.ts';
import { followRun } from './follow-run.ts';

const run = (state: string): Run => ({
  id: '11111111-1111-4111-8111-111111111111',
  number: '1',
  kind: 'directory-sync',
  trigger: 'manual',
  state,
  integration: 'hq', task: null, connection: null,
  workflowId: 'x',
  requestedAt: '2026-11-24T08:00:00Z',
  startedAt: null,
  progressAt: null,
  finishedAt: null,
  waiting: null,
  totals: {},
  reason: null,
  object: null,
  error: null,
  report: null,
  plan: null,
  held: [],
});
const away = new LockstepError({ class: 'Unavailable', code: 'api.unreachable', message: 'away', next: 'wait' });

const databaseAway = new ApiProblem({ type: 'x', title: 'x', status: 503, detail: 'away', code: 'database.unavailable' });

/** Answers in order; `now` advances by `stepMs` at each look at the clock. */
function situation(answers: (Run | Error)[], stepMs = 0) {
  const shown: string[] = [];
  const interruption = new AbortController();
  let time = 0;
  const api = {
    run: async () => {
      const answer = answers.shift();
      if (answer === undefined) throw new Error('asked once too often');
      if (answer instanceof Error) throw answer;
      return answer;
    },
  } as unknown as ApiClient;
  const io = {
    signal: interruption.signal,
    now: () => new Date((time += stepMs)),
    progress: { update: (text: string) => shown.push(text), clear: () => undefined },
  } as unknown as CommandIo;
  return { api, io, shown, interruption };
}

test('a server that is away for a moment does not end the watching', async () => {
  const { api, io, shown } = situation([run('queued'), away, databaseAway, run('succeeded')]);
  expect(await followRun(api, run('queued'), io)).toMatchObject({ state: 'succeeded' });
  expect(shown).toEqual(['sync #1 of hq: queued', 'the API does not answer; still waiting', 'the API does not answer; still waiting']);
});

test('a server that stays away does', async () => {
  const { api, io } = situation([away, away, away], 100_000);
  await expect(followRun(api, run('queued'), io)).rejects.toBe(away);
});

test('a refusal of the API ends it at once', async () => {
  const refusal = new ApiProblem({ type: 'x', title: 'x', status: 401, detail: 'no', code: 'token.invalid' });
  const { api, io } = situation([refusal]);
  await expect(followRun(api, run('queued'), io)).rejects.toBe(refusal);
});

test('an interruption ends the watching and nothing else', async () => {
  const { api, io, interruption } = situation([run('running')]);
  const following = followRun(api, run('queued'), io);
  interruption.abort();
  expect(await following).toBeUndefined();
});
