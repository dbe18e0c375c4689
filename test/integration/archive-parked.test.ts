/** What parks a schedule, and what ends that. */
import type { Insertable } from 'kysely';
import { withOrganisation } from '../../src/archive/database.ts';
import { isCuredSince, isParked } from '../../src/archive/run-tick.ts';
import type { Tables } from '../../src/archive/tables.ts';
import type { ErrorClass } from '../../src/shared/errors.ts';
import { aDirectory, aRun } from '../lab/builders.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';

let lab: LabDatabase;
beforeAll(async () => {
  lab = await freshDatabase();
});
afterAll(() => lab.close());

type Ended = Partial<Insertable<Tables['run']>>;
const failed = (errorClass: ErrorClass, code: string, change: Ended = {}): Ended => ({
  state: 'failed',
  error: JSON.stringify({ class: errorClass, code, message: 'm', next: 'n' }),
  ...change,
});
const refused = failed('AuthRejected', 'ldap.account-locked');
const tested = (bind: 'passed' | 'failed'): Ended => ({
  kind: 'directory-test',
  state: 'succeeded',
  report: JSON.stringify([{ step: 'bind', outcome: bind, detail: '', durationMs: 1 }]),
});

const readOne = (connect: 'passed' | 'failed'): Ended => ({
  kind: 'directory-object',
  state: 'succeeded',
  report: JSON.stringify([{ step: 'connect', outcome: connect, detail: '', durationMs: 1 }]),
});

/** Whether the schedule is parked after these runs, which ended one after the other. */
async function parkedAfter(...runs: readonly Ended[]): Promise<boolean> {
  const { organisation, integration } = await aDirectory(lab.owner);
  const begin = Date.now() - 1000 * runs.length;
  for (const [place, run] of runs.entries()) {
    await aRun(lab.owner, integration, { finished_at: new Date(begin + 1000 * place), ...run });
  }
  return withOrganisation(lab.app, organisation.id, (tx) => isParked(tx, integration.id));
}

test.each<[string, Ended]>([
  ['a sync whose sign-in the domain refused', refused],
  ['a plan whose sign-in the domain refused', { ...refused, kind: 'directory-plan' }],
  ['a credential that the site cannot open', failed('AuthRejected', 'directory.credential-unreadable')],
  ['a credential that is missing', failed('ConfigInvalid', 'directory.credential-missing')],
])('%s parks the schedule', async (_, run) => {
  expect(await parkedAfter({ state: 'succeeded' }, run)).toBe(true);
});

test.each<[string, Ended]>([
  ['a test whose sign-in was refused', failed('AuthRejected', 'ldap.account-locked', { kind: 'directory-test' })],
  ['a test that found a refused sign-in', tested('failed')],
  ['a site that the platform refuses', failed('AuthRejected', 'site.disabled')],
  ['a setting of the directory', failed('ConfigInvalid', 'ldap.insufficient-rights')],
])('%s does not park the schedule', async (_, run) => {
  expect(await parkedAfter(run)).toBe(false);
});

test.each<[string, Ended]>([
  ['a sync that succeeded', { state: 'succeeded' }],
  ['a plan with problems', { state: 'partial', kind: 'directory-plan' }],
  ['a sync that read a page and then lost the controller', failed('Unavailable', 'ldap.unreachable', { totals: JSON.stringify({ pages: 1 }) })],
  ['a test whose bind step passed', tested('passed')],
  ['one object that was asked for', readOne('passed')],
])('%s ends the parking', async (_, run) => {
  expect(await parkedAfter(refused, run)).toBe(false);
});

test.each<[string, Ended]>([
  ['a test that never got to sign in', tested('failed')],
  ['one object, for which it could not sign in', readOne('failed')],
  ['a sync that was cancelled', { state: 'cancelled' }],
  ['a sync that did not reach the controller', failed('Unavailable', 'ldap.unreachable')],
  ['a sync that is open', { state: 'running', finished_at: null }],
])('%s does not end the parking', async (_, run) => {
  expect(await parkedAfter(refused, run)).toBe(true);
});

describe('a watcher that gave the directory up', () => {
  const hourAgo = new Date(Date.now() - 3_600_000);
  async function curedAfter(...runs: readonly Ended[]): Promise<boolean> {
    const { organisation, integration } = await aDirectory(lab.owner);
    await lab.owner.updateTable('directory_integration').set({ changed_at: new Date(hourAgo.getTime() - 1000) }).where('id', '=', integration.id).execute();
    for (const run of runs) await aRun(lab.owner, integration, { finished_at: new Date(), ...run });
    return withOrganisation(lab.app, organisation.id, (tx) => isCuredSince(tx, integration.id, hourAgo));
  }

  test.each<[string, Ended, boolean]>([
    ['a sync that succeeded', { state: 'succeeded' }, true],
    ['a test whose bind step passed', tested('passed'), true],
    ['one object that was asked for', readOne('passed'), true],
    ['a sync that was refused too', refused, false],
    ['a sync from before', { state: 'succeeded', finished_at: new Date(hourAgo.getTime() - 500) }, false],
  ])('after %s', async (_, run, cured) => {
    expect(await curedAfter(run)).toBe(cured);
  });

  test('goes on when the directory is changed here, and not when nothing happened', async () => {
    expect(await curedAfter()).toBe(false);
    const { organisation, integration } = await aDirectory(lab.owner);
    expect(await withOrganisation(lab.app, organisation.id, (tx) => isCuredSince(tx, integration.id, hourAgo))).toBe(true);
  });
});
