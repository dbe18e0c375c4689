/**
 * Directories that change at random while the server and the site that follow them are killed at random: when things have settled, the
 * archive is what ldapsearch reads. Several worlds of three domains each, in one installation, with one sequence of kills.
 *
 * LOCKSTEP_SEED: of the first world. LOCKSTEP_CHAOS_WORLDS, LOCKSTEP_CHAOS_ROUNDS: how many, for long runs. LOCKSTEP_CHAOS_PARTS: who is
 * killed, by turns (site, server, postgresql, temporal).
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Directory, RunSummary } from '../../src/api/schemas/directories.ts';
import type { Group, GroupMember, GroupSummary, Person, PersonSummary } from '../../src/api/schemas/people.ts';
import { Random } from '../../src/sample/organisation/random.ts';
import { until } from '../lab/component.ts';
import { Lockstep } from '../lab/lockstep.ts';
import { type ArchiveReader, differences } from '../lab/world/archived-world.ts';
import { PASSWORD, type Role, roles, type WorldDomain } from '../lab/world/domains.ts';
import { expectationsOf } from '../lab/world/expectations.ts';
import { readPlainly } from '../lab/world/plain-reading.ts';
import { RandomWorld } from '../lab/world/random-changes.ts';

const setting = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);
const first = setting('LOCKSTEP_SEED', Date.now() % 1_000_000);
const seeds = Array.from({ length: setting('LOCKSTEP_CHAOS_WORLDS', 3) }, (_, index) => first + index);
const ROUNDS = setting('LOCKSTEP_CHAOS_ROUNDS', 1);
const CHANGES = 40;
const parts = (process.env['LOCKSTEP_CHAOS_PARTS'] ?? 'server,site').split(',');
/** Kills while the worlds change: each part once, but a site is missed for the thirty seconds of its heartbeat. */
const KILLS = parts.length;
const BUDGET_MS = 240_000;

let lockstep: Lockstep;
beforeAll(async () => {
  lockstep = await Lockstep.start();
}, 300_000);
afterAll(() => lockstep?.stop());

/** The API while its server may be dead: asked until it answers. */
async function asked<T>(method: string, path: string, body?: unknown): Promise<T> {
  let answer: { status: number; body: T } | undefined;
  await until(`${method} ${path} is answered`, async () => {
    try {
      answer = await lockstep.api<T>(method, path, body);
    } catch (error) {
      // fetch: connection refused or cut. The error is of another realm than this test's TypeError.
      if ((error as Error).name !== 'TypeError') throw error;
      return false;
    }
    // What it needs may be dead, too.
    return answer.status < 500;
  }, BUDGET_MS);
  if (answer === undefined || answer.status >= 400) throw new Error(`${method} ${path}: ${answer?.status ?? ''} ${JSON.stringify(answer?.body)}`);
  return answer.body;
}

const archive: ArchiveReader = {
  people: () => lockstep.all<PersonSummary>('/people'),
  person: (id) => asked<Person>('GET', `/people/${encodeURIComponent(id)}`),
  groups: () => lockstep.all<GroupSummary>('/groups'),
  group: (id) => asked<Group>('GET', `/groups/${id}`),
  members: (id) => lockstep.all<GroupMember>(`/groups/${id}/members`),
};

const directoryName = (world: RandomWorld, role: Role): string => `${world.name}-${role}`;
async function addDirectory(world: RandomWorld, { role, directory, account, scope }: WorldDomain): Promise<void> {
  await asked<Directory>('POST', '/directories', {
    name: directoryName(world, role),
    site: 'local',
    settings: { host: directory.host, port: directory.port, security: 'plain', account, acknowledgeDisabled: true, pollSeconds: 5, ...scope },
    password: PASSWORD,
  });
}

const sync = (world: RandomWorld, role: Role): Promise<RunSummary> => asked('POST', `/directories/${directoryName(world, role)}/sync`);
async function ended(run: RunSummary): Promise<RunSummary> {
  let last = run;
  await until(`${run.workflowId} has ended`, async () => {
    last = await asked<RunSummary>('GET', `/runs/${run.id}`);
    return last.finishedAt !== null;
  }, BUDGET_MS);
  return last;
}
/** An address that two claim is a problem of the run and no failure. */
const succeeded = async (run: RunSummary): Promise<RunSummary> => {
  const end = await ended(run);
  if (end.state !== 'succeeded' && end.state !== 'partial') throw new Error(`${run.workflowId} is ${end.state}: ${JSON.stringify(end.error)}`);
  return end;
};

/** Nothing reads any more, and the watchers have brought everything: the last change of each domain is there. */
async function settled(worlds: readonly RandomWorld[], runs: readonly RunSummary[]): Promise<void> {
  await Promise.all(runs.map(succeeded));
  await Promise.all(
    worlds.flatMap((world) =>
      roles.map(async (role) => {
        const { lastRun } = await asked<Directory>('GET', `/directories/${directoryName(world, role)}`);
        if (lastRun !== null) await ended(lastRun);
        const { address, title } = world.mark(role);
        await until(`${address} is ${title}`, async () => (await asked<Person>('GET', `/people/${address}`)).attributes['title']?.[0] === title, BUDGET_MS);
      }),
    ),
  );
}

async function rightly(world: RandomWorld, when: string): Promise<string[]> {
  const expected = expectationsOf(await readPlainly(Object.values(world.domains)), world.domains);
  const roleOf = (integration: string) => roles.find((role) => directoryName(world, role) === integration);
  const found = await differences(archive, expected, { isMeant: (name) => world.isMeant(name), roleOf });
  return found.length === 0 ? [] : [`LOCKSTEP_SEED=${world.name.slice(1)}, ${when}:`, ...found, '--- what happened', ...world.history];
}

test(`whoever is killed while directories change, the archive ends as they are (LOCKSTEP_SEED=${first})`, async () => {
  const random = new Random(`kills ${first}`);
  const worlds = await Promise.all(seeds.map((seed) => RandomWorld.start(`w${seed}`, { oneNameARound: seed % 2 === 0 })));
  const killed: string[] = [];
  try {
    for (const world of worlds) for (const domain of Object.values(world.domains)) await addDirectory(world, domain);
    const everything = worlds.flatMap((world) => roles.map((role) => ({ world, role })));
    await Promise.all(everything.map(async ({ world, role }) => succeeded(await sync(world, role))));

    for (let round = 1; round <= ROUNDS; round++) {
      const runs: RunSummary[] = [];
      const changing = Promise.all(
        worlds.map(async (world) => {
          for (let change = 0; change < CHANGES; change++) {
            world.change();
            if (random.chance(0.05)) runs.push(await sync(world, random.pick(roles)));
            if (random.chance(0.01)) world.domains[random.pick(roles)].directory.replaceServer();
            // Not a wait for something: when a change is made is what is random.
            await pause(random.below(400));
          }
        }),
      );
      for (let kill = 0; kill < KILLS; kill++) {
        await pause(random.below(3000));
        const part = parts[(kill + round) % parts.length] ?? 'server';
        killed.push(part);
        await lockstep.killAndAwaitReturn(part);
      }
      await changing;
      await settled(worlds, runs);
      const followed = await Promise.all(worlds.filter((_, index) => (first + index) % 2 === 0).map((world) => rightly(world, `followed, round ${round}, killed ${killed.join(' ')}`)));
      expect(followed.flat().join('\n')).toBe('');
      await Promise.all(everything.map(async ({ world, role }) => succeeded(await sync(world, role))));
      const read = await Promise.all(worlds.map((world) => rightly(world, `read, round ${round}, killed ${killed.join(' ')}`)));
      expect(read.flat().join('\n')).toBe('');
      for (const world of worlds) world.nextRound();
    }
  } finally {
    await Promise.all(worlds.map((world) => world.close()));
  }
}, 3_600_000);
