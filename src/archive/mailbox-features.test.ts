import type { MailboxId } from '../shared/ids.ts';
import { mergeStates, type TaskStateRow } from './mailbox-features.ts';

const row = (task: string, overrides: Partial<TaskStateRow> = {}): TaskStateRow => ({
  mailbox_id: '1' as MailboxId, feature: 'folder-replication', task, owns: false, in_group: true, state: 'healthy', error: null, first_done_at: null, last_success_at: null,
  lag: null, changed_at: new Date('2026-11-24T08:00:00Z'), run_id: null, run_number: null, ...overrides,
});

test('the task that does the feature counts, and those that leave it to it are named', () => {
  const rows = [row('b', { state: 'duplicate' }), row('owner', { owns: true, state: 'attention' }), row('a', { state: 'duplicate' }), row('former', { in_group: false, state: 'duplicate' })];
  expect(mergeStates(rows)).toMatchObject([{ task: 'owner', state: 'attention', duplicateIn: ['a', 'b'] }]);
});

test('a task that has the mailbox in its group counts before one that had it', () => {
  expect(mergeStates([row('former', { owns: true, in_group: false }), row('next', { state: 'pending' })])).toMatchObject([{ task: 'next', state: 'pending' }]);
});

test('a mailbox that is in no group any more has no state, and is known by the task that had it last', () => {
  const later = new Date('2026-11-24T09:00:00Z');
  const rows = [row('first', { in_group: false }), row('last', { in_group: false, state: 'attention', changed_at: later, last_success_at: later, lag: '-3' })];
  expect(mergeStates(rows)).toMatchObject([{ task: 'last', state: null, error: null, lastSuccessAt: later, lagSeconds: 0 }]);
});

test('a mailbox of no task has no feature', () => {
  expect(mergeStates([])).toEqual([]);
});
