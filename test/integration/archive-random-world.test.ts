/**
 * Three domains that change at random, read over LDAP and followed, with pages that get lost, come twice or too late, and readers
 * and watchers that die: the archive ends as the directories are. The same with real processes: test/chaos.
 */
import { withOrganisation } from '../../src/archive/database.ts';
import { listGroupMembers } from '../../src/archive/group-members.ts';
import { findGroup, listGroups } from '../../src/archive/groups.ts';
import type { OrganisationTransaction } from '../../src/archive/database.ts';
import type { KeysetPage } from '../../src/archive/keyset.ts';
import { findPerson, listPeople } from '../../src/archive/people.ts';
import type { SessionOptions } from '../../src/directory/ldap-session.ts';
import { Random } from '../../src/sample/organisation/random.ts';
import type { OrganisationId } from '../../src/shared/ids.ts';
import { anIntegration, anOrganisation, aSite } from '../lab/builders.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { type ArchiveReader, differences } from '../lab/world/archived-world.ts';
import { PASSWORD, roles, type WorldDomain } from '../lab/world/domains.ts';
import { expectationsOf } from '../lab/world/expectations.ts';
import { Reading, Watcher } from '../lab/world/followers.ts';
import { readPlainly } from '../lab/world/plain-reading.ts';
import { RandomWorld } from '../lab/world/random-changes.ts';

const ROUNDS = 3;
const STEPS = 60;
const first = Number(process.env['LOCKSTEP_SEED'] ?? Date.now() % 1_000_000);
const seeds = Array.from({ length: Number(process.env['LOCKSTEP_RUNS'] ?? 6) }, (_, index) => first + index);

let lab: LabDatabase;
beforeAll(async () => {
  lab = await freshDatabase();
});
afterAll(() => lab.close());

function archiveOf(organisation: OrganisationId): ArchiveReader {
  const ask = <T>(question: (tx: OrganisationTransaction) => Promise<T>) => withOrganisation(lab.app, organisation, question);
  const all = async <T>(page: (tx: OrganisationTransaction, query: { after?: string; limit: number }) => Promise<KeysetPage<T>>) => {
    const items: T[] = [];
    for (let after: string | null | undefined; after !== null; ) {
      const query = { limit: 20, ...(after === undefined ? {} : { after }) };
      const answer: KeysetPage<T> = await ask((tx) => page(tx, query));
      items.push(...answer.items);
      after = answer.next;
    }
    return items;
  };
  return {
    people: () => all(listPeople),
    person: (id) => ask((tx) => findPerson(tx, id)),
    groups: () => all(listGroups),
    group: (id) => ask((tx) => findGroup(tx, id)),
    members: (id) => all((tx, query) => listGroupMembers(tx, id, query)),
  };
}

const sourceOf = ({ directory, account, baseDn, scope }: WorldDomain): SessionOptions => ({
  settings: { host: directory.host, port: directory.port, security: 'plain', account, baseDn, acknowledgeDisabled: true, ...scope },
  password: PASSWORD,
});

async function theArchiveFollows(seed: number): Promise<void> {
  const random = new Random(`steps ${seed}`);
  const oneNameARound = seed % 2 === 0;
  const world = await RandomWorld.start(`w${seed}`, { oneNameARound });
  const organisation = await anOrganisation(lab.owner);
  const site = await aSite(lab.owner, organisation);
  const log: string[] = [];
  const followed = await Promise.all(
    roles.map(async (role) => {
      const source = sourceOf(world.domains[role]);
      const integration = await anIntegration(lab.owner, site, { name: role, settings: source.settings });
      return { role, source, integration, watcher: new Watcher(lab.app, source, integration), reading: undefined as Reading | undefined };
    }),
  );
  type Followed = (typeof followed)[number];
  const note = (what: string, { role }: Followed) => log.push(`${role}: ${what}`);
  const begin = async (one: Followed) => (one.reading ??= await Reading.begin(lab.owner, lab.app, one.source, one.integration));
  const finish = async (one: Followed) => {
    note('reads to the end', one);
    const totals = await (await begin(one)).finish();
    one.reading = undefined;
    return totals;
  };
  const follow = async (one: Followed) => {
    note('follows', one);
    for (let quiet = 0; quiet < 2; ) {
      const told = await one.watcher.poll();
      if (told === 'needs-full') await finish(one);
      quiet = told === 0 ? quiet + 1 : 0;
    }
  };
  const check = async (when: string) => {
    const expected = expectationsOf(await readPlainly(Object.values(world.domains)), world.domains);
    const found = await differences(archiveOf(organisation.id), expected, { isMeant: (name) => world.isMeant(name), roleOf: (integration) => integration });
    if (found.length > 0) throw new Error([`LOCKSTEP_SEED=${seed} LOCKSTEP_RUNS=1, ${when}:`, ...found, '--- what happened', ...log].join('\n'));
  };

  const events: readonly (() => Promise<void> | void)[] = [
    ...Array.from({ length: 12 }, () => () => {
      world.change();
      log.push(world.history.at(-1) ?? '');
    }),
    ...Array.from({ length: 4 }, () => async () => {
      const one = random.pick(followed);
      if (one.reading === undefined && random.chance(0.7)) return;
      note('reads a page', one);
      const isLast = await (await begin(one)).next();
      if (isLast) one.reading = undefined;
    }),
    async () => {
      const one = random.pick(followed);
      note('repeats a page', one);
      await one.reading?.repeat(random.below(3));
    },
    async () => {
      const one = random.pick(followed);
      note('dies while it reads', one);
      await one.reading?.abandon();
    },
    async () => random.pick(followed).reading?.late(),
    ...Array.from({ length: 3 }, () => async () => {
      const one = random.pick(followed);
      note('polls', one);
      await one.watcher.poll({ twice: random.chance(0.3), ...(random.chance(0.3) ? { pages: random.below(2) } : {}) });
    }),
    () => {
      const one = random.pick(followed);
      note('its watcher dies', one);
      one.watcher.forget();
    },
    () => {
      if (!random.chance(0.15)) return;
      const one = random.pick(followed);
      note('another controller answers', one);
      world.domains[one.role].directory.replaceServer();
    },
  ];

  try {
    for (const one of followed) await finish(one);
    await check('after the first reading');
    for (let round = 1; round <= ROUNDS; round++) {
      for (let step = 0; step < STEPS; step++) await random.pick(events)();
      for (const one of followed) if (one.reading !== undefined) await finish(one);
      for (const one of followed) await follow(one);
      if (oneNameARound) await check(`followed, round ${round}`);
      const order = [...followed].sort(() => random.next() - 0.5);
      for (const one of order) {
        const { added, changed, missing, returned } = await finish(one);
        if (oneNameARound && added + changed + missing + returned > 0) {
          throw new Error([`LOCKSTEP_SEED=${seed}: a reading of ${one.role} found what the watcher had not brought: ${JSON.stringify({ added, changed, missing, returned })}`, ...log].join('\n'));
        }
      }
      await check(`read, round ${round}`);
      world.nextRound();
    }
  } finally {
    for (const { watcher } of followed) watcher.close();
    await world.close();
  }
}

test.each(seeds)('whatever is changed, lost, repeated or abandoned, the archive ends as the directories are (LOCKSTEP_SEED=%i)', theArchiveFollows, 120_000);
