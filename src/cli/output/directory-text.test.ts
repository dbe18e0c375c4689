import type { Directory } from '../../api/schemas/directories.ts';
import { attentionOf } from '../health.ts';
import { directoriesTable, directoryText } from './directory-text.ts';

const now = new Date('2026-11-24T08:00:00Z');
const directory = (change: Partial<Directory> = {}): Directory => ({
  id: '11111111-1111-4111-8111-111111111111',
  name: 'hq',
  description: '',
  site: 'berlin',
  settings: { security: 'ldaps', account: 'svc@corp.example', acknowledgeDisabled: true },
  credential: { set: true, changedAt: '2026-11-01T08:00:00Z' },
  schedule: { kind: 'daily', at: '05:00', timeZone: 'UTC' },
  jitterSeconds: 60,
  state: 'active',
  skippedTicks: 0,
  parked: null,
  nextRuns: ['2026-11-25T05:00:00Z'],
  watch: { changes: null, askedAt: null, error: null, reconcile: null },
  openProblems: 0,
  counts: { people: 1, groups: 1, missing: 0 },
  lastRun: null,
  warnings: [],
  createdAt: '2026-11-01T08:00:00Z',
  changedAt: '2026-11-01T08:00:00Z',
  ...change,
});

test('a parked schedule is said to be stopped, since when, why, and what ends it', () => {
  const parked = directory({
    parked: { since: '2026-11-24T05:00:00Z', reason: 'The account is locked.', next: 'Unlock the account, then: lockstep directory sync hq' },
    nextRuns: [],
  });
  const shown = directoryText(parked, now);
  expect(shown).toContain('stopped until it can sign in (since 2026-11-24');
  expect(shown).toContain('The account is locked.');
  expect(shown).toContain('→ Unlock the account, then: lockstep directory sync hq');
  expect(directoriesTable([parked], now, 200)).toContain('stopped until it can sign in');
  expect(attentionOf([], [parked])).toEqual([
    { subject: 'directory hq', message: expect.stringContaining('stopped until') as string, next: 'Unlock the account, then: lockstep directory sync hq' },
  ]);
  expect(directoryText(directory(), now)).not.toContain('stopped');
});

test('a directory without a password says so, whenever it once had one', () => {
  const without = directory({ credential: { set: false, changedAt: '2026-11-01T08:00:00Z' } });
  expect(directoryText(without, now)).toMatch(/^password +no password set$/m);
  expect(directoriesTable([without], now, 200)).toContain('no password set');
  expect(attentionOf([], [without])).toContainEqual({ subject: 'directory hq', message: 'no password set', next: 'lockstep directory change hq --password' });
});
