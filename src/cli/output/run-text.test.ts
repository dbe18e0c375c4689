import type { Run } from '../../api/schemas/directories.ts';
import { runExitCode, runProgressText, runResultText, totalsText } from './run-text.ts';

const now = new Date('2026-11-24T08:00:10Z');
const run = (overrides: Partial<Run>): Run => ({
  id: '11111111-1111-4111-8111-111111111111',
  number: '12',
  kind: 'directory-sync',
  trigger: 'manual',
  state: 'running',
  integration: 'hq',
  task: null,
  connection: null,
  workflowId: 'acme/hq/12',
  requestedAt: '2026-11-24T08:00:00Z',
  startedAt: '2026-11-24T08:00:00Z',
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
  ...overrides,
});

test('the live line has pages, entries and rate', () => {
  expect(runProgressText(run({ totals: { pages: 6, seen: 2_345 } }), 1234.5, now)).toBe('sync #12 of hq: 6 pages, 2,345 entries, 1,235 a second');
  expect(runProgressText(run({ totals: { pages: 1, seen: 1 } }), 0, now)).toBe('sync #12 of hq: 1 page, 1 entry');
});

test('of a task the live line is a bar over its mailboxes, with what is left', () => {
  const task = { kind: 'exchange-task', integration: null, task: 'sales' };
  expect(runProgressText(run({ ...task, totals: { mailboxes: 40, done: 9, failed: 1, waiting: 2, items: 1_200 } }), 120, now)).toBe(
    'task #12 of sales: [█████···············] 10 of 40 mailboxes · 1,200 items (120 a second) · 2 waiting · 1 failed · about 30 s left',
  );
  expect(runProgressText(run({ ...task, totals: {} }), undefined, now)).toBe('task #12 of sales: running');
});

test('a run that waits says for what, before anything else', () => {
  expect(runProgressText(run({ waiting: 'site berlin is offline', totals: { pages: 6, seen: 1 } }), 10, now)).toBe('sync #12 of hq: site berlin is offline');
});

test('totals come in the order in which people ask, without zeros, with unknown ones last', () => {
  expect(totalsText({ pages: 1, seen: 1, members: 1 })).toBe('1 page · 1 seen · 1 member');
  expect(totalsText({ mailboxes: 1, done: 1, pages: 1, items: 1 })).toBe('1 mailbox · 1 done · 1 page · 1 item');
  expect(totalsText({ mailboxes: 2, items: 2 })).toBe('2 mailboxes · 2 items');
  expect(totalsText({ returned: 0, extra: 4, added: 1_000, seen: 0, pages: 2 })).toBe('2 pages · 0 seen · 1,000 added · 4 extra');
});

test('a partial run leads to its problems', () => {
  const text = runResultText(run({ state: 'partial', finishedAt: '2026-11-24T08:00:07Z', totals: { seen: 9, problems: 2 } }), now);
  expect(text).toBe('sync #12 of hq: partial in 7.0 s\n  9 seen · 2 problems\n  2 objects with problems: lockstep directory problems hq');
});

test('a failed run says why and what to do', () => {
  const error = { class: 'AuthRejected', code: 'ldap.invalid-credentials', message: 'The password is wrong.', next: 'Set the right one.' };
  expect(runResultText(run({ state: 'failed', error }), now)).toContain('✗ The password is wrong. (ldap.invalid-credentials)\n  → Set the right one.');
});

test.each([
  ['succeeded', 0],
  ['partial', 3],
  ['skipped', 5],
  ['failed', 1],
  ['cancelled', 1],
  ['interrupted', 1],
  ['a state of a newer server', 1],
])('waiting for a run that ends as %s exits with %d', (state, code) => {
  expect(runExitCode(state)).toBe(code);
});
