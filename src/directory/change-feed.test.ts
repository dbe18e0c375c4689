import type { DirectoryWatermark } from '../shared/directory.ts';
import { otherController } from './change-feed.ts';

const life = '11111111-1111-4111-8111-111111111111';
const next = '22222222-2222-4222-8222-222222222222';
const from = (overrides: Partial<DirectoryWatermark> = {}): DirectoryWatermark =>
  ({ method: 'dirsync', cookie: 'AA==', dnsHostName: 'dc1.corp.example', invocationId: life, usn: '9007199254740993', ...overrides });
const now = (overrides = {}) => ({ dnsHostName: 'DC1.corp.example', invocationId: life, usn: '9007199254740993', ...overrides });

test('the same controller, as far as it was or further', () => {
  expect(otherController(from(), now())).toBeUndefined();
  expect(otherController(from(), now({ usn: '90071992547409930' }))).toBeUndefined();
  expect(otherController(from({ invocationId: null }), now({ invocationId: null }))).toBeUndefined();
  expect(otherController({ method: 'dirsync', cookie: 'AA==', dnsHostName: 'dc1.corp.example', invocationId: life }, now({ usn: '0' }))).toBeUndefined();
});

test.each([
  ['another database', from(), now({ invocationId: next }), 'controller-replaced'],
  ['another controller', from({ invocationId: null }), now({ invocationId: null, dnsHostName: 'dc2.corp.example' }), 'controller-replaced'],
  ['a database that can be seen only now', from({ invocationId: null }), now(), 'controller-replaced'],
  ['a database that can be seen no more', from(), now({ invocationId: null }), 'sees-less'],
  ['an earlier state, by one', from(), now({ usn: '9007199254740992' }), 'usn-went-back'],
] as const)('%s', (_, watermark, controller, reason) => {
  expect(otherController(watermark, controller)).toMatchObject({ outcome: 'needs-full', reason });
});
