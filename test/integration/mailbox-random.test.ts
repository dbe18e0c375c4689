/**
 * Whatever happens to a mailbox, to its pages and to those who read it: after every completed pass the archive shows what is in the mailbox,
 * and as of each pass what was in it then.
 */
import fc from 'fast-check';
import { sql } from 'kysely';
import { replicateMailbox } from '../../src/activities/mailbox/replicate-mailbox.ts';
import type { MailboxClient } from '../../src/client/mailbox-client.ts';
import { EwsSource } from '../../src/exchange/ews/ews-source.ts';
import type { FolderReplicationSettings } from '../../src/shared/tasks.ts';
import { startSampleExchange } from '../../src/sample/exchange/server.ts';
import { aMailbox, archiveClient, aTask, aTaskRun, replicationSettings } from '../lab/mailboxes.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { changeAtRandom, type Keeps, type Picture, pictureOfArchive, pictureOfSample, sampleMailbox } from '../lab/sample-mail.ts';

let lab: LabDatabase;
beforeAll(async () => {
  lab = await freshDatabase();
});
afterAll(() => lab.close());

/** The attempt ends here, as one does that is killed. */
class Killed extends Error {}

type PageFault = 'none' | 'lost' | 'killed-after' | 'twice' | 'late' | 'taken';

/** A client whose pages meet the faults, one after the other; then none. */
function faulty(client: MailboxClient, faults: PageFault[], late: (() => Promise<unknown>)[], takeOver: () => Promise<unknown>): MailboxClient {
  const strike = async <T>(post: () => Promise<T>): Promise<T> => {
    const fault = faults.shift() ?? 'none';
    if (fault === 'lost') throw new Killed();
    // Another attempt has the mailbox now.
    if (fault === 'taken') {
      await takeOver();
      await expect(post()).rejects.toThrow('Another attempt works on the mailbox');
      throw new Killed();
    }
    if (fault === 'late') {
      late.push(post);
      throw new Killed();
    }
    const answer = await post();
    if (fault === 'killed-after') throw new Killed();
    return fault === 'twice' ? post() : answer;
  };
  return {
    ...client,
    postHierarchy: (...page) => strike(() => client.postHierarchy(...page)),
    postFolder: (...page) => strike(() => client.postFolder(...page)),
    restart: (...scope) => strike(() => client.restart(...scope)),
    complete: (...completion) => strike(() => client.complete(...completion)),
  };
}

/** Settings of a definition, each with its meaning in other words. */
const settings: readonly { readonly settings: Partial<FolderReplicationSettings>; readonly keeps: Keeps }[] = [
  { settings: {}, keeps: () => true },
  { settings: { exclude: { inbox: true, sentItems: false, deletedItems: false } }, keeps: (_, __, wellKnown) => !wellKnown.includes('inbox') },
  { settings: { rules: [{ action: 'exclude', itemClass: 'IPM.Note' }] }, keeps: ({ itemClass }) => !/^IPM\.Note(?:\.|$)/i.test(itemClass) },
  { settings: { rules: [{ action: 'exclude', path: '**/Renamed*/**' }] }, keeps: (_, names) => !names.some((name) => name.startsWith('Renamed')) },
  {
    settings: { rules: [{ action: 'include', wellKnown: 'sentitems' }, { action: 'exclude', path: '**/Folder*' }, { action: 'include', wellKnown: 'inbox' }, { action: 'exclude', path: '**' }] },
    keeps: (_, [own = ''], wellKnown) => wellKnown.includes('sentitems') || (!own.startsWith('Folder') && wellKnown.includes('inbox')),
  },
];

const change = fc.tuple(fc.nat(11), fc.nat(10_000), fc.nat(10_000));
const attempt = fc.record({
  changes: fc.array(change, { maxLength: 12 }),
  faults: fc.array(fc.constantFrom<PageFault>('none', 'none', 'none', 'none', 'lost', 'killed-after', 'twice', 'late', 'taken'), { maxLength: 8 }),
  expired: fc.nat(9).map((n) => n === 0),
  verified: fc.nat(4).map((n) => n === 0),
  largePages: fc.boolean(),
  definition: fc.option(fc.nat(settings.length - 1)),
  leaveOutPrivate: fc.option(fc.boolean()),
});

/** More, or a known seed: LOCKSTEP_RANDOM_RUNS, LOCKSTEP_RANDOM_SEED. */
type Attempt = typeof attempt extends fc.Arbitrary<infer T> ? T : never;
const calm: Attempt = { changes: [], faults: [], expired: false, verified: false, largePages: false, definition: null, leaveOutPrivate: null };
/** Killed in the middle of the first reading of a folder that changed before it was read on. */
const known: [[Attempt[], number]] = [
  [[{ ...calm, faults: ['none', 'none', 'late'] }, { ...calm, changes: [[4, 9990, 5652], [1, 10_000, 4083], [5, 8, 4], [1, 1651, 4328], [0, 9551, 9540], [2, 4512, 8749]] }], 1400],
];
const runs = Number(process.env.LOCKSTEP_RANDOM_RUNS ?? 12);

test('an archive equals its mailbox after every pass and as of every pass', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(attempt, { minLength: 2, maxLength: 8 }), fc.oneof({ weight: 6, arbitrary: fc.nat(80) }, { weight: 1, arbitrary: fc.constant(1400) }), async (attempts, messages) => {
      const mailbox = sampleMailbox('ada@mail.example.test', messages);
      const exchange = await startSampleExchange({ mailboxes: [mailbox], accounts: { svc: { password: 'secret', impersonates: true } } });
      const source = new EwsSource({ type: 'ews', url: exchange.url, authentication: 'basic', account: 'svc' }, 'secret');
      const task = await aTask(lab.owner);
      const kept = await aMailbox(lab.owner, task, mailbox.owner.address);
      const client = archiveClient(lab.app, task);
      const late: (() => Promise<unknown>)[] = [];
      const history: { readonly at: Date; readonly picture: Picture }[] = [];
      const { signal } = new AbortController();
      let [rules, leaveOutPrivate] = [settings[0], true];
      const keeps: Keeps = (item, ...place) => !(leaveOutPrivate && ['Private', 'Personal'].includes(item.sensitivity)) && (rules?.keeps(item, ...place) ?? true);
      try {
        for (const { changes, faults, expired, verified, largePages, ...decided } of [...attempts, { ...calm, verified: true }]) {
          for (const [kind, one, two] of changes) changeAtRandom(mailbox, kind, one, two);
          rules = settings[decided.definition ?? -1] ?? rules;
          leaveOutPrivate = decided.leaveOutPrivate ?? leaveOutPrivate;
          await sql`update definition set settings = ${JSON.stringify(replicationSettings(rules?.settings))} where id = ${task.definition}`.execute(lab.owner);
          await sql`update organisation set leave_out_private = ${leaveOutPrivate} where id = ${task.organisation}`.execute(lab.owner);
          if (expired) exchange.expireStates();
          if (largePages) exchange.faults.inject({ kind: 'large-pages', times: 2 }, {}, 2);
          if (verified) await sql`update mailbox set verified_at = null where id = ${kept.id}`.execute(lab.owner);
          const run = await aTaskRun(lab.owner, task, [kept]);
          const { mailboxes: [claim] } = await client.claim(run, { offset: 0, length: 1 }, signal);
          if (claim === undefined) throw new Error('nothing to claim');
          // Pages of attempts that are over arrive now.
          for (const page of late.splice(0)) await expect(page()).rejects.toThrow('Another attempt works on the mailbox');
          try {
            await replicateMailbox({ mailbox: source.mailbox(claim), capabilities: source.capabilities, client: faulty(client, [...faults], late, () => client.claim(run, { offset: 0, length: 1 }, signal)), claim, signal });
          } catch (error) {
            if (!(error instanceof Killed)) throw error;
            continue;
          }
          const picture = pictureOfSample(mailbox, keeps);
          expect(await pictureOfArchive(lab.app, task.organisation, kept, { kind: 'live' })).toEqual(picture);
          const { rows: [pass] } = await sql<{ completed_at: Date }>`
            select completed_at + interval '1 millisecond' as completed_at from pass where mailbox_id = ${kept.id} and completed_at is not null order by number desc limit 1`.execute(lab.owner);
          if (pass !== undefined) history.push({ at: pass.completed_at, picture });
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
        for (const { at, picture } of history) expect(await pictureOfArchive(lab.app, task.organisation, kept, { kind: 'as-of', at })).toEqual(picture);
        const { rows: [connection] } = await sql<{ hints_trusted: boolean }>`select hints_trusted from exchange_connection where id = ${task.connection}`.execute(lab.owner);
        expect(connection?.hints_trusted).toBe(true);
        const { rows: left } = await sql`select from seen_item where org_id = ${task.organisation}`.execute(lab.owner);
        expect(left).toEqual([]);
      } finally {
        await source.close();
        await exchange.close();
      }
    }),
    { numRuns: runs, examples: known, interruptAfterTimeLimit: 150_000, ...(process.env.LOCKSTEP_RANDOM_SEED === undefined ? {} : { seed: Number(process.env.LOCKSTEP_RANDOM_SEED) }) },
  );
}, 300_000);
