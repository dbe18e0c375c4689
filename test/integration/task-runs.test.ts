/** Lists of runs: who is in them, whose a mailbox is, how runs end; and what is read again when somebody asks. */
import { sql } from 'kysely';
import { createTaskActivities } from '../../src/activities/platform/task-activities.ts';
import { type OrganisationTransaction, withOrganisation } from '../../src/archive/database.ts';
import { groupId } from '../../src/archive/groups.ts';
import { requestResync, type ResyncRequest } from '../../src/archive/resync.ts';
import { beginRun } from '../../src/archive/runs.ts';
import { planTaskRun } from '../../src/archive/task-run-plan.ts';
import { endTaskRun, requestTaskRun } from '../../src/archive/task-runs.ts';
import { beginTaskTick } from '../../src/archive/task-ticks.ts';
import type { DirectoryEntry, DirectoryPage } from '../../src/shared/directory.ts';
import type { ErrorReport } from '../../src/shared/errors.ts';
import { runId, type RunId, type TaskId } from '../../src/shared/ids.ts';
import type { MailboxClaim, MailboxResult } from '../../src/shared/mailbox-contract.ts';
import type { MailboxGroupSource } from '../../src/shared/tasks.ts';
import { aDirectory, aRun, aSite, directoryPage, endRun, groupEntry, membersOf, userEntry } from '../lab/builders.ts';
import { archiveClient, aTask, type LabTask } from '../lab/mailboxes.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { readAll } from '../lab/reading.ts';

let lab: LabDatabase;
beforeAll(async () => {
  lab = await freshDatabase();
});
afterAll(() => lab.close());

const { signal } = new AbortController();
const inside = <T>(task: LabTask, work: (tx: OrganisationTransaction) => Promise<T>) => withOrganisation(lab.app, task.organisation, work);

async function setGroup(task: LabTask, source: MailboxGroupSource): Promise<void> {
  await sql`update mailbox_group set source = ${JSON.stringify(source)} where id = (select group_id from task where id = ${task.task})`.execute(lab.owner);
}
const list = (...addresses: string[]): MailboxGroupSource => ({ kind: 'mailboxes', addresses });

/** Asks for a run, plans it; gives its id. */
async function planned(task: LabTask): Promise<RunId> {
  const { run } = await inside(task, (tx) => requestTaskRun(tx, { task: task.task, trigger: 'manual' }));
  await inside(task, (tx) => beginRun(tx, run.id));
  await inside(task, (tx) => planTaskRun(tx, run.id));
  return run.id;
}
const ended = (task: LabTask, run: RunId) => inside(task, (tx) => endTaskRun(tx, run));
/** A whole run in which nothing is new. */
async function ran(task: LabTask): Promise<RunId> {
  const run = await planned(task);
  await results(task, run, await claimed(task, run), () => ({ state: 'quiet', verified: true }));
  await ended(task, run);
  return run;
}
const claimed = async (task: LabTask, run: RunId): Promise<readonly MailboxClaim[]> =>
  (await archiveClient(lab.app, task).claim(run, { offset: 0, length: 200 }, signal)).mailboxes;
const results = (task: LabTask, run: RunId, claims: readonly MailboxClaim[], outcome: (claim: MailboxClaim) => MailboxResult['outcome']) =>
  archiveClient(lab.app, task).putResults(run, claims.map((claim) => ({ ordinal: claim.ordinal, lease: claim.lease, outcome: outcome(claim) })), signal);

async function listed(run: RunId): Promise<string[]> {
  const { rows } = await sql<{ address: string }>`select m.address from run_mailbox l join mailbox m on m.id = l.mailbox_id where l.run_id = ${run} order by m.address`.execute(lab.owner);
  return rows.map(({ address }) => address);
}
const outcomes = async (run: RunId) =>
  (await sql<{ outcome: string | null }>`select outcome from run_mailbox where run_id = ${run} order by ordinal`.execute(lab.owner)).rows.map(({ outcome }) => outcome);
async function states(task: LabTask): Promise<Record<string, string>> {
  const { rows } = await sql<{ address: string; state: string }>`
    select m.address, s.state || coalesce(' ' || (s.error ->> 'code'), '') as state from task_mailbox s join mailbox m on m.id = s.mailbox_id
    where s.task_id = ${task.task} and s.in_group order by m.address`.execute(lab.owner);
  return Object.fromEntries(rows.map(({ address, state }) => [address, state]));
}
async function mailboxes(task: LabTask) {
  const { rows } = await sql<{ id: string; address: string; guid: string | null }>`
    select id, address, exchange_guid as guid from mailbox where org_id = ${task.organisation} order by id`.execute(lab.owner);
  return rows;
}
const failure = (code: string, errorClass: ErrorReport['class'] = 'ConfigInvalid'): MailboxResult['outcome'] => ({
  state: 'failed', error: { class: errorClass, code, message: 'It failed.', next: 'Look.' },
});

type Directory = Awaited<ReturnType<typeof aDirectory>>;
async function read(directory: Directory, page: Partial<DirectoryPage>): Promise<void> {
  const run = await aRun(lab.owner, directory.integration);
  await readAll(lab.app, run, [directoryPage(page)]);
  await endRun(lab.owner, run);
}
/** A task for a group of a directory. */
async function aGroupTask(people: readonly DirectoryEntry[]) {
  const directory = await aDirectory(lab.owner);
  const group = groupEntry('Staff');
  const synchronise = (members: readonly DirectoryEntry[], all: readonly DirectoryEntry[] = members) =>
    read(directory, { entries: [group, ...all], members: [membersOf(group, members)] });
  await synchronise(people);
  const task = await aTask(lab.owner, { site: directory.site });
  await setGroup(task, { kind: 'directory-group', group: await inside(task, (tx) => groupId(tx, 'Staff')) });
  return { task, synchronise, directory };
}
const guid = (n: number) => `0000000${n}-0000-4000-8000-000000000000`;
const person = (name: string, overrides: Parameters<typeof userEntry>[1] = {}) => userEntry(name, overrides);

describe('the list of a run', () => {
  test('is what the group means at that moment', async () => {
    const [ada, bob, eve] = [person('Ada'), person('Bob'), person('Eve')];
    const { task, synchronise } = await aGroupTask([ada, bob]);
    expect(await listed(await ran(task))).toEqual(['ada@corp.example', 'bob@corp.example']);
    await synchronise([bob, eve], [ada, bob, eve]);
    expect(await listed(await ran(task))).toEqual(['bob@corp.example', 'eve@corp.example']);
    // Who left keeps what was read, and is nobody's.
    expect(await states(task)).toEqual({ 'bob@corp.example': 'healthy', 'eve@corp.example': 'healthy' });
    const { rows } = await sql`select from mailbox_owner o join mailbox m on m.id = o.mailbox_id where m.address = 'ada@corp.example' and m.org_id = ${task.organisation}`.execute(lab.owner);
    expect(rows).toEqual([]);
    expect((await mailboxes(task)).map(({ address }) => address)).toContain('ada@corp.example');
  });

  test('is made once, however often and by however many it is asked for', async () => {
    const task = await aTask(lab.owner);
    await setGroup(task, list('a@x.example', 'b@x.example'));
    const { run } = await inside(task, (tx) => requestTaskRun(tx, { task: task.task, trigger: 'manual' }));
    const lengths = await Promise.all([1, 2, 3].map(() => inside(task, (tx) => planTaskRun(tx, run.id))));
    await setGroup(task, list('c@x.example'));
    lengths.push(await inside(task, (tx) => planTaskRun(tx, run.id)));
    expect(lengths).toEqual([2, 2, 2, 2]);
    expect(await listed(run.id)).toEqual(['a@x.example', 'b@x.example']);
  });

  test('keeps a mailbox when its address changes, and when its GUID is known later', async () => {
    const ada = person('Ada');
    const known = (address: string) => person('Ada', { guid: ada.guid, attributes: { mail: [address], proxyAddresses: [`SMTP:${address}`], msExchMailboxGuid: [guid(1)] } });
    const { task, synchronise } = await aGroupTask([ada]);
    await ran(task);
    const [before] = await mailboxes(task);
    expect(before).toMatchObject({ address: 'ada@corp.example', guid: null });
    await synchronise([known('ada@corp.example')]);
    await ran(task);
    expect(await mailboxes(task)).toEqual([{ ...before, guid: guid(1) }]);
    await synchronise([known('lovelace@corp.example')]);
    await ran(task);
    expect(await mailboxes(task)).toEqual([{ ...before, guid: guid(1), address: 'lovelace@corp.example' }]);
  });

  test('has no members without a mailbox, who are kept with the reason', async () => {
    const online = person('Online', { attributes: { msExchRecipientTypeDetails: ['2147483648'] } });
    const { task } = await aGroupTask([person('Ada'), online]);
    const run = await ran(task);
    expect(await listed(run)).toEqual(['ada@corp.example']);
    const { rows } = await sql`select address, reason from task_skipped_member where task_id = ${task.task}`.execute(lab.owner);
    expect(rows).toEqual([{ address: 'online@corp.example', reason: 'online' }]);
    const { rows: [row] } = await sql<{ totals: object }>`select totals from run where id = ${run}`.execute(lab.owner);
    expect(row?.totals).toMatchObject({ mailboxes: 1, done: 1, skipped: 1, duplicate: 0 });
  });

  test('of two tasks that want a mailbox the first has it; the other waits with the reason, and takes over when it is left', async () => {
    const first = await aTask(lab.owner);
    const second = await aTask(lab.owner, { site: { id: first.site, org_id: first.organisation } });
    await setGroup(first, list('a@x.example', 'b@x.example'));
    await setGroup(second, list('b@x.example', 'c@x.example'));
    await ran(first);
    expect(await listed(await ran(second))).toEqual(['c@x.example']);
    expect(await states(second)).toEqual({ 'b@x.example': 'duplicate mailbox.duplicate', 'c@x.example': 'healthy' });
    await setGroup(first, list('a@x.example'));
    await ran(first);
    expect(await listed(await ran(second))).toEqual(['b@x.example', 'c@x.example']);
    expect(await states(second)).toEqual({ 'b@x.example': 'healthy', 'c@x.example': 'healthy' });
    expect(await states(first)).toEqual({ 'a@x.example': 'healthy' });
  });

  test('is made by two tasks at once without a deadlock: each mailbox has one of them', async () => {
    const first = await aTask(lab.owner);
    const second = await aTask(lab.owner, { site: { id: first.site, org_id: first.organisation } });
    const addresses = Array.from({ length: 200 }, (_, n) => `${n}@both.example`);
    for (let round = 0; round < 5; round += 1) {
      const turned = round % 2 === 0 ? addresses : addresses.toReversed();
      await setGroup(first, list(...turned));
      await setGroup(second, list(...turned.toReversed()));
      // Each writes all of its rows.
      await sql`update mailbox set display_name = 'Old' where org_id = ${first.organisation}`.execute(lab.owner);
      const runs = await Promise.all([planned(first), planned(second)]);
      const all = [...(await listed(runs[0])), ...(await listed(runs[1]))];
      expect(all).toHaveLength(200);
      expect(new Set(all).size).toBe(200);
      await Promise.all([ended(first, runs[0]), ended(second, runs[1])]);
    }
  });

  test('goes through the connection of the site: the first, that of another site no more, or none', async () => {
    const task = await aTask(lab.owner);
    await setGroup(task, list('a@x.example'));
    await ran(task);
    const connectionOf = async () => (await sql<{ id: string | null }>`select connection_id as id from mailbox where org_id = ${task.organisation}`.execute(lab.owner)).rows[0]?.id;
    expect(await connectionOf()).toBe(task.connection);
    const other = await aTask(lab.owner, { site: await aSite(lab.owner, { id: task.organisation }) });
    await sql`update task set site_id = ${other.site} where id = ${task.task}`.execute(lab.owner);
    await ran({ ...task, site: other.site });
    expect(await connectionOf()).toBe(other.connection);
    const bare = await aSite(lab.owner, { id: task.organisation });
    await sql`update task set site_id = ${bare.id} where id = ${task.task}`.execute(lab.owner);
    const run = await planned(task);
    expect(await inside(task, (tx) => planTaskRun(tx, run))).toBe(0);
    expect(await states(task)).toEqual({ 'a@x.example': 'attention mailbox.no-connection' });
    expect(await ended(task, run)).toMatchObject({ state: 'failed', error: { code: 'mailbox.no-connection' }, totals: { mailboxes: 1, failed: 1 } });
    await sql`update task set site_id = ${task.site} where id = ${task.task}`.execute(lab.owner);
    await ran(task);
    expect(await states(task)).toEqual({ 'a@x.example': 'healthy' });
  });

  test('of ten thousand mailboxes is made by indexes', async () => {
    const rowsReadFor = async (count: number) => {
      const task = await aTask(lab.owner);
      await setGroup(task, list(...Array.from({ length: count }, (_, n) => `person-${n}@many.example`)));
      const { run } = await inside(task, (tx) => requestTaskRun(tx, { task: task.task, trigger: 'manual' }));
      await sql`analyze mailbox, task_mailbox, mailbox_owner, run_mailbox`.execute(lab.owner);
      await inside(task, (tx) => planTaskRun(tx, run.id));
      await ended(task, run.id);
      const again = await inside(task, (tx) => requestTaskRun(tx, { task: task.task, trigger: 'manual' }));
      return inside(task, async (tx) => {
        const scans = async () => {
          const { rows } = await sql<{ name: string; rows: string }>`
            select relname as name, seq_tup_read as rows from pg_stat_xact_user_tables where relname in ('mailbox', 'task_mailbox', 'mailbox_owner', 'run_mailbox')`.execute(tx);
          return new Map(rows.map((row) => [row.name, Number(row.rows)]));
        };
        const before = await scans();
        expect(await planTaskRun(tx, again.run.id)).toBe(count);
        const after = await scans();
        return [...after].reduce((sum, [name, read_]) => sum + read_ - (before.get(name) ?? 0), 0);
      });
    };
    await rowsReadFor(10);
    const walked = await rowsReadFor(10_000);
    // A nested loop without an index would read a hundred million rows.
    expect(walked).toBeLessThan(200_000);
  }, 120_000);
});

describe('a run ends', () => {
  const withResults = async (outcome: (claim: MailboxClaim) => MailboxResult['outcome'] | undefined) => {
    const task = await aTask(lab.owner);
    await setGroup(task, list('a@x.example', 'b@x.example'));
    const run = await planned(task);
    for (const claim of await claimed(task, run)) {
      const result = outcome(claim);
      if (result !== undefined) await results(task, run, [claim], () => result);
    }
    return { task, row: await ended(task, run) };
  };
  const isA = ({ address }: MailboxClaim) => address === 'a@x.example';

  test('as succeeded when all were read', async () => {
    const { row } = await withResults((claim) => (isA(claim) ? { state: 'finished' } : { state: 'quiet', verified: false }));
    expect(row).toMatchObject({ state: 'succeeded', totals: { mailboxes: 2, done: 2, quiet: 1, failed: 0 } });
  });
  test('as partial when some were not, each with its reason', async () => {
    const { row, task } = await withResults((claim) => (isA(claim) ? { state: 'finished' } : failure('ews.no-mailbox')));
    expect(row).toMatchObject({ state: 'partial', totals: { mailboxes: 2, done: 1, failed: 1 } });
    expect(await states(task)).toEqual({ 'a@x.example': 'healthy', 'b@x.example': 'attention ews.no-mailbox' });
  });
  test('as partial, with the mailboxes that nobody came to', async () => {
    const { row, task } = await withResults((claim) => (isA(claim) ? { state: 'finished' } : undefined));
    expect(row).toMatchObject({ state: 'partial', totals: { failed: 1 } });
    expect(await states(task)).toEqual({ 'a@x.example': 'healthy', 'b@x.example': 'attention mailbox.unfinished' });
  });
  test('as succeeded when a mailbox is gone: it is skipped', async () => {
    const { row, task } = await withResults((claim) => (isA(claim) ? { state: 'finished' } : failure('ews.mailbox-gone', 'MailboxGone')));
    expect(row).toMatchObject({ state: 'succeeded', totals: { failed: 1 } });
    expect(await states(task)).toEqual({ 'a@x.example': 'healthy', 'b@x.example': 'skipped ews.mailbox-gone' });
  });
  test('as failed when all failed for one reason, which is then the run\'s', async () => {
    expect((await withResults(() => failure('ews.sign-in-refused', 'AuthRejected'))).row).toMatchObject({ state: 'failed', error: { code: 'ews.sign-in-refused' } });
    expect((await withResults((claim) => failure(isA(claim) ? 'one' : 'other'))).row).toMatchObject({ state: 'partial', error: null });
  });
  test('as cancelled, with what it had done, and takes no result any more', async () => {
    const task = await aTask(lab.owner);
    await setGroup(task, list('a@x.example', 'b@x.example'));
    const run = await planned(task);
    const [one, other] = await claimed(task, run);
    if (one === undefined || other === undefined) throw new Error('two were claimed');
    await results(task, run, [one], () => ({ state: 'finished' }));
    const activities = createTaskActivities({ database: lab.app });
    await activities.finishTaskRun({ runId: run, outcome: 'cancelled' });
    await expect(results(task, run, [other], () => ({ state: 'finished' }))).rejects.toThrow('The run is cancelled');
    expect(await ended(task, run)).toMatchObject({ state: 'cancelled', totals: { mailboxes: 2, done: 1 } });
  });
});

describe('a tick', () => {
  const tick = (task: LabTask, workflowId: string) => inside(task, (tx) => beginTaskTick(tx, task.task, workflowId));
  const skipped = async (task: LabTask) => (await sql<{ n: string }>`select skipped_ticks as n from task where id = ${task.task}`.execute(lab.owner)).rows[0]?.n;

  test('makes one run, however often its workflow asks, and the next one is skipped while it is open', async () => {
    const task = await aTask(lab.owner);
    const first = await tick(task, 'one');
    expect(first).toMatchObject({ outcome: 'run' });
    expect(await tick(task, 'one')).toEqual(first);
    expect(await tick(task, 'two')).toEqual({ outcome: 'skipped', reason: 'already-running' });
    expect(await skipped(task)).toBe('1');
  });
  test('of a task that is paused or gone does nothing', async () => {
    const task = await aTask(lab.owner);
    await sql`update task set state = 'paused' where id = ${task.task}`.execute(lab.owner);
    expect(await tick(task, 'one')).toEqual({ outcome: 'skipped', reason: 'paused' });
    expect(await tick({ ...task, task: '00000000-0000-4000-8000-000000000000' as TaskId }, 'two')).toEqual({ outcome: 'skipped', reason: 'paused' });
  });
  test('waits after a refused sign-in until the credential changes', async () => {
    const task = await aTask(lab.owner);
    await setGroup(task, list('a@x.example'));
    const run = await planned(task);
    await results(task, run, await claimed(task, run), () => failure('ews.sign-in-refused', 'AuthRejected'));
    await ended(task, run);
    expect(await tick(task, 'one')).toEqual({ outcome: 'skipped', reason: 'credential-refused' });
    expect(await skipped(task)).toBe('1');
    await sql`update exchange_connection set credential_changed_at = clock_timestamp() where id = ${task.connection}`.execute(lab.owner);
    expect(await tick(task, 'two')).toMatchObject({ outcome: 'run' });
  });
  test('is not held back by a refusal that comes from an attempt which lost the mailbox', async () => {
    const task = await aTask(lab.owner);
    await setGroup(task, list('a@x.example', 'b@x.example'));
    const run = await planned(task);
    const late = await claimed(task, run);
    const now = await claimed(task, run);
    await results(task, run, now, () => ({ state: 'finished' }));
    await expect(results(task, run, late, () => failure('ews.sign-in-refused', 'AuthRejected'))).rejects.toThrow('Another attempt works on the mailbox');
    await ended(task, run);
    expect(await tick(task, 'one')).toMatchObject({ outcome: 'run' });
  });
});

describe('a resync', () => {
  const resync = (task: LabTask, request: ResyncRequest) => inside(task, (tx) => requestResync(tx, request));
  const nameOf = async (task: LabTask) => (await sql<{ name: string }>`select name from task where id = ${task.task}`.execute(lab.owner)).rows[0]?.name ?? '';
  async function begun(task: LabTask, request: ResyncRequest): Promise<RunId> {
    const [requested] = await resync(task, request);
    if (requested === undefined) throw new Error('a run was asked for');
    await inside(task, (tx) => beginRun(tx, requested.run.id));
    await inside(task, (tx) => planTaskRun(tx, requested.run.id));
    return requested.run.id;
  }
  const isFull = (claims: readonly MailboxClaim[]) => claims.map(({ address, hierarchy }) => [address, hierarchy.phase]);

  test('of an organisation, a task and a mailbox, joins the open one of the same reach', async () => {
    const task = await aTask(lab.owner);
    await setGroup(task, list('a@x.example'));
    await ran(task);
    const other = await aTask(lab.owner, { site: { id: task.site, org_id: task.organisation } });
    const reaches: ResyncRequest[] = [
      { full: false }, { full: true }, { full: false, mailbox: 'A@x.example' }, { full: true, mailbox: 'a@x.example' },
    ];
    const runs = new Set<string>();
    for (const reach of reaches) {
      const first = await resync(task, reach);
      expect(first.map(({ joined }) => joined)).toEqual(first.map(() => false));
      const second = await resync(task, reach);
      expect(second).toMatchObject(first.map(({ run }) => ({ run: { id: run.id }, joined: true })));
      for (const { run } of first) runs.add(run.id);
    }
    expect(runs.size).toBe(6);
    expect(await resync(task, { full: true, task: await nameOf(other) })).toMatchObject([{ joined: true }]);
    await expect(resync(task, { full: true, mailbox: 'nobody@x.example' })).rejects.toThrow('nobody@x.example');
  });

  test('takes a mailbox over from a scheduled run, which does not take it back and ends as succeeded', async () => {
    const task = await aTask(lab.owner);
    await setGroup(task, list('a@x.example', 'b@x.example'));
    await ran(task);
    const scheduled = await planned(task);
    const before = await claimed(task, scheduled);
    const urgent = await begun(task, { full: true, mailbox: 'a@x.example' });
    // Planned, and not yet taken: it is its turn all the same.
    expect((await claimed(task, scheduled)).map(({ address }) => address)).toEqual(['b@x.example']);
    const taken = await claimed(task, urgent);
    expect(isFull(taken)).toEqual([['a@x.example', 'full']]);
    await expect(results(task, scheduled, before.slice(0, 1), () => ({ state: 'finished' }))).rejects.toThrow('Another attempt works on the mailbox');
    expect((await claimed(task, scheduled)).map(({ address }) => address)).toEqual(['b@x.example']);
    await results(task, urgent, taken, () => ({ state: 'finished' }));
    const rest = await claimed(task, scheduled);
    await results(task, scheduled, rest, () => ({ state: 'finished' }));
    expect(await outcomes(scheduled)).toEqual(['superseded', 'finished']);
    expect(await ended(task, scheduled)).toMatchObject({ state: 'succeeded', totals: { mailboxes: 2, done: 2 } });
    expect(await ended(task, urgent)).toMatchObject({ state: 'succeeded', totals: { mailboxes: 1, done: 1 } });
  });

  test('that is asked for later goes first', async () => {
    const task = await aTask(lab.owner);
    await setGroup(task, list('a@x.example', 'b@x.example'));
    await ran(task);
    const whole = await begun(task, { full: false, task: await nameOf(task) });
    const one = await begun(task, { full: true, mailbox: 'b@x.example' });
    expect((await claimed(task, whole)).map(({ address }) => address)).toEqual(['a@x.example']);
    expect((await claimed(task, one)).map(({ address }) => address)).toEqual(['b@x.example']);
    // A run that is over is in nobody's way.
    await inside(task, (tx) => endTaskRun(tx, one));
    const again = await planned(task);
    expect((await claimed(task, again)).map(({ address }) => address)).toEqual(['b@x.example']);
  });

  test('of a mailbox whose site has a connection only since then works', async () => {
    const task = await aTask(lab.owner);
    await setGroup(task, list('a@x.example'));
    await ran(task);
    await sql`update mailbox set connection_id = null where org_id = ${task.organisation}`.execute(lab.owner);
    expect(await claimed(task, await begun(task, { full: false, mailbox: 'a@x.example' }))).toHaveLength(1);
  });

  test('is unknown to other organisations', async () => {
    const task = await aTask(lab.owner);
    await setGroup(task, list('a@x.example'));
    await ran(task);
    const stranger = await aTask(lab.owner);
    await expect(resync(stranger, { full: true, mailbox: 'a@x.example' })).rejects.toThrow('a@x.example');
    await expect(withOrganisation(lab.app, stranger.organisation, (tx) => planTaskRun(tx, runId('11111111-1111-4111-8111-111111111111')))).rejects.toThrow();
  });
});
