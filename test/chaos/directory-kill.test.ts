import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../lab/component.ts';
import { ldapsearch, type LdifEntry } from '../lab/ldapsearch.ts';
import { Lockstep } from '../lab/lockstep.ts';
import { loadSamba, samba, type SambaLab } from '../lab/samba.ts';
import { bulk } from '../lab/samba/bulk.ts';

interface Run {
  readonly id: string;
  readonly state: string;
  readonly finishedAt: string | null;
  readonly totals: Record<string, number>;
  readonly error: unknown;
}
interface Listed {
  readonly id: string;
  readonly displayName: string;
  readonly primaryAddress: string | null;
}

const parts = ['site', 'server', 'postgresql', 'temporal'] as const;
const kills = Number(process.env['LOCKSTEP_CHAOS_KILLS'] ?? 8);

let lockstep: Lockstep;
const found = await samba();
let lab: SambaLab;
beforeAll(async () => {
  if ('skip' in found) return;
  lab = await loadSamba(bulk({ people: 3_000 }));
  lockstep = await Lockstep.start();
}, 300_000);
afterAll(async () => {
  await lockstep?.stop();
});

/** The API while its server may be dead: asked until it answers. */
async function eventually<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  let answer: T | undefined;
  await until(what, async () => {
    try {
      answer = await ask();
    } catch (error) {
      // fetch: connection refused or cut. The error is of another realm than this test's TypeError.
      if ((error as Error).name !== 'TypeError') throw error;
    }
    return answer !== undefined;
  }, 240_000);
  return answer as T;
}

const startSync = () =>
  eventually('a sync is accepted', async () => {
    const { status, body } = await lockstep.api<Run>('POST', '/directories/corp/sync');
    return status === 202 ? body : undefined;
  });
const ended = (run: Run) =>
  eventually('the run has ended', async () => {
    const { status, body } = await lockstep.api<Run>('GET', `/runs/${run.id}`);
    return status === 200 && body.finishedAt !== null ? body : undefined;
  });

const dump = (lab: SambaLab, filter: string, attributes: string[]) =>
  ldapsearch({
    url: lab.ldapUrl, bind: lab.accounts.sync.bind, password: lab.accounts.sync.password, base: lab.baseDn, filter, attributes, pageSize: 1000,
  });
const textOf = (entry: LdifEntry, name: string) => (entry.attributes[name] ?? []).map((value) => value.toString('utf8'));
const sorted = (values: Iterable<string>) => [...values].sort();

('skip' in found ? test.skip : test)('whatever is killed during a sync, and however often, the archive ends equal to the directory', async () => {
  const added = await lockstep.api('POST', '/directories', {
    name: 'corp',
    site: 'local',
    settings: { host: lab.address, security: 'ldaps', caPem: lab.caPem, account: lab.accounts.sync.bind, acknowledgeDisabled: true },
    password: lab.accounts.sync.password,
  });
  expect(added.status).toBe(201);

  const done: string[] = [];
  while (done.length < kills) {
    const run = await startSync();
    const part = parts[done.length % parts.length] ?? 'site';
    // Not a wait for something: the moment of the blow is what is random.
    await pause(randomInt(0, 900));
    await lockstep.killAndAwaitReturn(part);
    done.push(part);
    const end = await ended(run);
    expect({ killed: done, state: end.state, error: end.error }).toMatchObject({ state: 'succeeded' });
  }
  const last = await ended(await startSync());
  expect(last.totals).toMatchObject({ added: 0, changed: 0, missing: 0 });

  // An independent reading of the same directory.
  const people = await dump(lab, '(&(|(mail=*)(proxyAddresses=*))(!(objectClass=group))(!(objectClass=msExchDynamicDistributionList)))', ['displayName', 'mail', 'objectClass']);
  const groups = await dump(lab, '(|(objectClass=group)(objectClass=msExchDynamicDistributionList))', ['cn', 'member']);
  expect(people.code).toBe(0);
  expect(people.entries.length).toBeGreaterThan(3_000);

  const archived = await lockstep.all<Listed>('/people');
  expect(sorted(archived.map((person) => person.primaryAddress ?? person.displayName))).toEqual(
    sorted(people.entries.map((entry) => textOf(entry, 'mail')[0]?.toLowerCase() ?? textOf(entry, 'displayName')[0] ?? entry.dn)),
  );
  const archivedGroups = await lockstep.all<Listed & { members: number | null }>('/groups');
  expect(archivedGroups.length).toBe(groups.entries.length);
  // Whose primary group one is (mostly Domain Users) is its member without being listed by it.
  const users = await dump(lab, '(&(objectClass=user)(!(objectClass=computer))(primaryGroupID=*))', ['cn']);
  expect(archivedGroups.reduce((sum, group) => sum + (group.members ?? 0), 0)).toBe(
    groups.entries.reduce((sum, entry) => sum + textOf(entry, 'member').length, users.entries.length),
  );
  const everybody = archivedGroups.find((group) => group.displayName === 'Bulk Everybody');
  const members = await lockstep.all<{ dn: string; kind: string }>(`/groups/${everybody?.id ?? ''}/members`);
  expect(sorted(members.map((member) => member.dn))).toEqual(
    sorted(groups.entries.find((entry) => textOf(entry, 'cn')[0] === 'Bulk Everybody')?.attributes['member']?.map((dn) => dn.toString('utf8')) ?? []),
  );
  expect(members.filter((member) => member.kind === 'pending')).toEqual([]);
}, 900_000);
