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
  changes: {
    method: 'dirsync', reason: '', deletionsVisible: true, pollSeconds: 30, state: 'watching', watchedAt: '2026-11-24T07:59:30Z', error: null,
    nextReconcileAt: '2026-11-25T05:00:00Z', reconcile: null,
  },
  findings: null,
  held: [],
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
  expect(attentionOf([], [parked], [])).toEqual([
    { subject: 'directory hq', message: expect.stringContaining('stopped until') as string, next: 'Unlock the account, then: lockstep directory sync hq' },
  ]);
  expect(directoryText(directory(), now)).not.toContain('stopped');
});

test('a directory without a password says so, whenever it once had one', () => {
  const without = directory({ credential: { set: false, changedAt: '2026-11-01T08:00:00Z' } });
  expect(directoryText(without, now)).toMatch(/^password +no password set$/m);
  expect(directoriesTable([without], now, 200)).toContain('no password set');
  expect(attentionOf([], [without], [])).toContainEqual({ subject: 'directory hq', message: 'no password set', next: 'lockstep directory change hq --password' });
});

const changes = (change: Partial<Directory['changes']>) => directoryText(directory({ changes: { ...directory().changes, ...change } }), now);

test('how changes are told is said with why, how the watcher goes, and when all is read again', () => {
  const text = changes({ method: 'usn', reason: 'The account may not ask for DirSync.', deletionsVisible: false });
  expect(text).toMatch(/^changes +found by uSNChanged, on one controller$/m);
  expect(text).toMatch(/^because +The account may not ask for DirSync\.$/m);
  expect(text).toMatch(/^deletions +are noticed by the next full reading only$/m);
  expect(text).toMatch(/^watcher +asks every 30 seconds, last heard of 30 s ago$/m);
  expect(text).toMatch(/^next reconcile +2026-11-25/m);
  expect(changes({ method: null, deletionsVisible: null, state: 'not-yet', watchedAt: null })).toMatch(/^watcher +begins after the first full reading$/m);
  expect(changes({ state: 'silent', watchedAt: '2026-11-24T07:00:00Z' })).toMatch(/^watcher +says nothing: see whether the site is online, last heard of 1 h ago$/m);
  expect(changes({ nextReconcileAt: null })).toMatch(/^next reconcile +none by schedule$/m);
});

test('why the watcher waits is said, and asks for a person', () => {
  const error = { class: 'Unavailable', code: 'ldap.unreachable', message: 'dc1 does not answer.', next: 'Start it.' };
  const text = changes({ state: 'waiting', error });
  expect(text).toMatch(/^watcher +waits, last heard of 30 s ago\n +dc1 does not answer\. \(ldap\.unreachable\)\n +→ Start it\.$/m);
  const waiting = directory({ changes: { ...directory().changes, state: 'waiting', error } });
  expect(attentionOf([], [waiting], [])).toEqual([{ subject: 'directory hq', message: 'its changes are not followed: dc1 does not answer.', next: 'Start it.' }]);
});

test('domains that nobody reads are offered', () => {
  const found = { dn: 'DC=emea,DC=corp,DC=example', dnsName: 'emea.corp.example', netbiosName: 'EMEA', parentDn: null, own: false, readBy: [], suggestedName: 'emea' };
  expect(directoryText(directory({ findings: { domains: [found], references: ['ldap://x'] } }), now)).toMatch(
    /^domains +emea\.corp\.example, read by nobody: lockstep directory add emea --from hq\nreferrals +1 place, noted and never followed/m,
  );
});
