/** People who are objects of several directories. */
import fc from 'fast-check';
import type { PersonView } from '../../src/archive/people.ts';
import { Person } from '../../src/api/schemas/people.ts';
import type { DirectoryEntry } from '../../src/shared/directory.ts';
import { Check } from 'typebox/value';
import { account, dnOf, type ForestName, forestNames, type Forests, guidOf, linkedMailbox, sidOf, threeForests } from '../lab/forests.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';

const seed = Number(process.env['LOCKSTEP_SEED'] ?? Date.now() % 2 ** 31);

let lab: LabDatabase;
beforeAll(async () => {
  lab = await freshDatabase();
});
afterAll(() => lab.close());

const rules = (person: PersonView) => Object.fromEntries(person.sources.map(({ integration, rule }) => [integration, rule]));

test('an account and its linked mailbox are one person, with each attribute from where it belongs', async () => {
  const forests = await threeForests(lab);
  const boss = account('one', 2, 'Boss', { attributes: { mail: ['boss@one.example'] } });
  await forests.read('one', [boss, account('one', 1, 'Anna', { attributes: { manager: [dnOf('one', 'Boss')] } })]);
  const mailbox = linkedMailbox(1, sidOf('one', 1), { attributes: { title: ['Old title'], department: ['Sales'], msExchHideFromAddressLists: ['FALSE'] } });
  await forests.read('mail', [mailbox]);
  const anna = await forests.person('alias1@mail.example');
  expect(anna).toMatchObject({
    displayName: 'Anna',
    state: 'enabled',
    primaryAddress: 'm1@mail.example',
    recipientType: 'linked-mailbox',
    accountName: 'u1',
    principalName: 'u1@one.example',
    manager: { displayName: 'Boss' },
    attributes: { title: ['Engineer'], department: ['Sales'], mailNickname: ['m1'] },
    attributeSources: { title: 'one', department: 'mail', mailNickname: 'mail', objectSid: 'one', displayName: 'one' },
    fieldSources: { displayName: 'one', state: 'one', accountName: 'one', principalName: 'one', manager: 'one', recipientType: 'mail', addresses: 'mail' },
    addresses: [{ address: 'm1@mail.example', primary: true, held: true }, { address: 'alias1@mail.example', held: true }],
    sources: [
      { integration: 'one', guid: guidOf('one', 1), rule: 'self', state: 'outside', gives: ['account'] },
      { integration: 'mail', guid: mailbox.guid, rule: 'master-account-sid', state: 'present', gives: ['mail'] },
    ],
  });
  expect(Check(Person, anna)).toBe(true);
  expect((await forests.person('boss@one.example')).directReports).toBe(1);
  expect((await forests.people()).map(({ displayName }) => displayName)).toEqual(['Anna', 'Boss']);
});

test.each([
  ['the account', ['one', 'mail']],
  ['the mailbox', ['mail', 'one']],
] as const)('a disabled account is a disabled person, also where %s is read first', async (_, order) => {
  const forests = await threeForests(lab);
  const read = {
    one: () => forests.read('one', [account('one', 1, 'Anna', { attributes: { userAccountControl: ['514'] } })]),
    mail: () => forests.read('mail', [linkedMailbox(1, sidOf('one', 1))]),
  };
  for (const forest of [...order, ...order]) await read[forest]();
  expect(await forests.person('m1@mail.example')).toMatchObject({ state: 'disabled', displayName: 'Anna', addresses: [{ disabled: true }, { disabled: true }] });
});

test('who is unlinked is somebody else again, and who is linked again is who they were', async () => {
  const forests = await threeForests(lab);
  const mailed = { attributes: { mail: ['anna@one.example'] } };
  await forests.read('one', [account('one', 1, 'Anna', mailed), account('one', 2, 'Bert', { attributes: { mail: ['bert@one.example'] } })]);
  const alone = await forests.person('anna@one.example');
  await forests.read('mail', [linkedMailbox(1, sidOf('one', 1))]);
  const linked = await forests.person('m1@mail.example');
  expect(linked).toMatchObject({ id: alone.id, displayName: 'Anna' });
  // An address that is of the account alone says who it is, and is none of the person's.
  expect((await forests.person('anna@one.example')).id).toBe(alone.id);
  expect(linked.addresses.map(({ address }) => address)).toEqual(['m1@mail.example', 'alias1@mail.example']);

  await forests.read('mail', [linkedMailbox(1, 'S-1-5-21-7-7-7-7')]);
  const apart = await forests.person('m1@mail.example');
  expect(apart.id).not.toBe(alone.id);
  expect(apart).toMatchObject({ displayName: 'Mailbox 1', state: 'enabled', sources: [{ rule: 'self' }] });
  expect(await forests.person(alone.id)).toMatchObject({ primaryAddress: 'anna@one.example', sources: [{ integration: 'one', gives: ['account', 'mail'] }] });

  await forests.read('mail', [linkedMailbox(1, sidOf('one', 2))]);
  expect(await forests.person('m1@mail.example')).toMatchObject({ id: (await forests.person('bert@one.example')).id, displayName: 'Bert' });
  await forests.read('mail', [linkedMailbox(1, sidOf('one', 1))]);
  expect(await forests.person('m1@mail.example')).toMatchObject({ id: alone.id, displayName: 'Anna' });
  // Whoever kept the number of the mailbox's own person finds the one that it is.
  expect((await forests.person(apart.id)).id).toBe(alone.id);
});

test('a mailbox whose master has moved finds him by his SID history', async () => {
  const forests = await threeForests(lab);
  await forests.read('mail', [linkedMailbox(1, sidOf('one', 1))]);
  await forests.read('two', [account('two', 5, 'Anna', { attributes: { sIDHistory: [sidOf('one', 1)] } })]);
  const anna = await forests.person('m1@mail.example');
  expect(anna).toMatchObject({ displayName: 'Anna', fieldSources: { state: 'two' } });
  expect(rules(anna)).toEqual({ two: 'self', mail: 'master-account-sid' });
});

test('mailboxes of nobody are nobody, whatever they say, and not disabled', async () => {
  const forests = await threeForests(lab);
  await forests.read('one', [account('one', 1, 'Anna', { attributes: { mail: ['anna@one.example'] } })]);
  const of = (rid: number, type: string, master: string) => linkedMailbox(rid, master, { attributes: { msExchRecipientTypeDetails: [type] } });
  // shared, room, equipment, and one that Exchange made its own master (NT AUTHORITY\\SELF), whatever type it says to be
  await forests.read('mail', [of(1, '4', sidOf('one', 1)), of(2, '16', sidOf('one', 1)), of(3, '32', sidOf('one', 1)), of(4, '4', 'S-1-5-10'), of(5, '2', 'S-1-5-10')]);
  for (const rid of [1, 2, 3, 4, 5]) {
    expect(await forests.person(`m${rid}@mail.example`)).toMatchObject({ displayName: `Mailbox ${rid}`, state: 'enabled', sources: [{ rule: 'self' }] });
  }
  expect((await forests.person('anna@one.example')).sources).toHaveLength(1);
});

test('an account that is deleted leaves a disabled person with the mailbox; a mailbox that is deleted leaves the account', async () => {
  const forests = await threeForests(lab);
  const other = account('one', 2, 'Bert', { attributes: { mail: ['bert@one.example'] } });
  const third = account('one', 3, 'Third', { attributes: { mail: ['third@one.example'] } });
  const anna = account('one', 1, 'Anna');
  await forests.read('one', [anna, other, third]);
  const second = linkedMailbox(2, sidOf('one', 2));
  await forests.read('mail', [linkedMailbox(1, sidOf('one', 1)), second]);
  const before = await forests.person('m1@mail.example');
  await forests.read('one', [other, third]);
  expect(await forests.person('m1@mail.example')).toMatchObject({ id: before.id, displayName: 'Anna', state: 'disabled' });
  await forests.read('one', [anna, other, third]);
  expect(await forests.person('m1@mail.example')).toMatchObject({ id: before.id, displayName: 'Anna', state: 'enabled' });

  const bert = await forests.person('m2@mail.example');
  await forests.read('mail', [linkedMailbox(1, sidOf('one', 1))]);
  // The mailbox is missing, and the account is there: so is he, with the address that the account says.
  expect(await forests.person('bert@one.example')).toMatchObject({ id: bert.id, displayName: 'Bert', state: 'enabled', primaryAddress: 'bert@one.example' });
  await forests.read('one', [anna, third]);
  expect(await forests.person(bert.id)).toMatchObject({ state: 'missing', displayName: 'Bert' });
});

test('who moves to another domain stays who they are: by the GUID, or by the SID history', async () => {
  const forests = await threeForests(lab);
  const mail = (name: string) => ({ attributes: { mail: [`${name}@corp.example`] } });
  await forests.read('one', [account('one', 1, 'Anna', mail('anna')), account('one', 2, 'Bert', mail('bert'))]);
  const [anna, bert] = [await forests.person('anna@corp.example'), await forests.person('bert@corp.example')];
  // Within a forest the GUID stays.
  await forests.read('two', [
    account('two', 11, 'Anna', { guid: guidOf('one', 1), ...mail('anna') }),
    account('two', 12, 'Bert B.', { attributes: { ...mail('bert').attributes, sIDHistory: [sidOf('one', 2)] } }),
  ]);
  expect(await forests.problems('address.claimed-twice')).toEqual([]);
  await forests.read('one', [account('one', 9, 'Somebody', mail('somebody'))]);
  const moved = await forests.person('anna@corp.example');
  expect(moved).toMatchObject({ id: anna.id, state: 'enabled', fieldSources: { displayName: 'two' } });
  expect(rules(moved)).toMatchObject({ one: 'self', two: 'moved' });
  expect(await forests.person('bert@corp.example')).toMatchObject({ id: bert.id, displayName: 'Bert B.', state: 'enabled' });
  // The history may be cleaned when everybody has moved.
  await forests.read('two', [
    account('two', 11, 'Anna', { guid: guidOf('one', 1), ...mail('anna') }),
    account('two', 12, 'Bert B.', mail('bert')),
  ]);
  expect((await forests.person('bert@corp.example')).id).toBe(bert.id);
  expect((await forests.people()).map(({ displayName, state }) => `${displayName} ${state}`)).toEqual(['Anna enabled', 'Bert B. enabled', 'Somebody enabled']);
});

test('an address that passes from one person to another is whose mailbox has it now', async () => {
  const forests = await threeForests(lab);
  await forests.read('one', [account('one', 1, 'Anna'), account('one', 2, 'Bert')]);
  const box = (rid: number, ...addresses: string[]) =>
    linkedMailbox(rid, sidOf('one', rid), { attributes: { mail: [`m${rid}@mail.example`], proxyAddresses: [`SMTP:m${rid}@mail.example`, ...addresses.map((address) => `smtp:${address}`)] } });
  await forests.read('mail', [box(1, 'sales@mail.example'), box(2)]);
  expect(await forests.person('sales@mail.example')).toMatchObject({ displayName: 'Anna' });
  await forests.read('mail', [box(1, 'sales@mail.example'), box(2, 'sales@mail.example')]);
  expect(await forests.problems('address.claimed-twice')).toMatchObject([{ guid: guidOf('mail', 2), subject: 'sales@mail.example' }]);
  await forests.read('mail', [box(1), box(2, 'sales@mail.example')]);
  expect(await forests.person('sales@mail.example')).toMatchObject({ displayName: 'Bert' });
  expect(await forests.problems('address.claimed-twice')).toEqual([]);
});

test('of two mailboxes of one account the same one counts always, and the other is a problem until it is no more', async () => {
  const forests = await threeForests(lab);
  await forests.read('one', [account('one', 1, 'Anna')]);
  const [older, newer] = [linkedMailbox(1, sidOf('one', 1)), linkedMailbox(2, sidOf('one', 1), { attributes: { whenCreated: ['20250102030405.0Z'] } })];
  for (const entries of [[older, newer], [newer, older]]) {
    await forests.read('mail', entries);
    expect(await forests.person('m1@mail.example')).toMatchObject({ displayName: 'Anna', primaryAddress: 'm2@mail.example', sources: { length: 3 } });
    expect(await forests.problems('person.two-mailboxes')).toMatchObject([{ guid: older.guid, subject: older.dn, detail: expect.stringContaining(newer.dn) as string }]);
  }
  await forests.read('mail', [linkedMailbox(1, 'S-1-5-10'), newer]);
  expect(await forests.problems('person.two-mailboxes')).toEqual([]);
  expect(await forests.person('m1@mail.example')).toMatchObject({ displayName: 'Mailbox 1' });
});

test('people are listed and found once, under the name of the account and the addresses of the mailbox', async () => {
  const forests = await threeForests(lab);
  await forests.read('one', [account('one', 1, 'Anna Jansen', { attributes: { mail: ['anna@one.example'] } }), account('one', 2, 'Service Jansen')]);
  await forests.read('mail', [linkedMailbox(1, sidOf('one', 1), { attributes: { displayName: ['Anna Jansen'] } })]);
  const { listPeople } = await import('../../src/archive/people.ts');
  const found = async (search: string) => (await forests.inside((tx) => listPeople(tx, { search, limit: 10 }))).items;
  const anna = [{ displayName: 'Anna Jansen', primaryAddress: 'm1@mail.example', recipientType: 'linked-mailbox', state: 'enabled' }];
  expect(await found('anna')).toMatchObject(anna);
  expect(await found('jans')).toMatchObject(anna);
  expect(await found('alias1@')).toMatchObject(anna);
  expect(await found('mailbox')).toEqual([]);
  expect(await found('service')).toEqual([]);
});

/* ---- whoever is read first ---- */

/** What one person is, in each of the forests, now and when some of the readings began. */
interface Case {
  readonly kind: 'linked' | 'migrated' | 'moved' | 'alone' | 'room' | 'unlinked' | 'relinked';
  readonly disabled: boolean;
  readonly mailed: boolean;
  readonly wasDisabled: boolean;
}
const caseArbitrary: fc.Arbitrary<Case> = fc.record({
  kind: fc.constantFrom('linked', 'migrated', 'moved', 'alone', 'room', 'unlinked', 'relinked'),
  disabled: fc.boolean(),
  mailed: fc.boolean(),
  wasDisabled: fc.boolean(),
});

type Told = Partial<Record<ForestName, readonly DirectoryEntry[]>>;

/** `early`: as it was before. */
function objectsOfCase({ kind, disabled, mailed, wasDisabled }: Case, index: number, early: boolean): Told {
  const rid = 1000 + index * 10;
  const control = (early ? wasDisabled : disabled) ? ['514'] : ['512'];
  const attributes = { userAccountControl: control, mail: mailed ? [`p${rid}@one.example`] : [], title: [early ? 'Was' : 'Is'] };
  const first = account('one', rid, `Person ${index}`, { attributes });
  const mailbox = (master: string) => linkedMailbox(rid, master);
  switch (kind) {
    case 'linked':
      return { one: [first], mail: [mailbox(sidOf('one', rid))] };
    case 'migrated':
      return {
        one: [account('one', rid, `Person ${index}`, { attributes: { ...attributes, userAccountControl: ['514'] } })],
        two: [account('two', rid, `Person ${index} B`, { attributes: { ...attributes, mail: [], sIDHistory: [sidOf('one', rid)] } })],
        mail: [mailbox(sidOf('one', rid))],
      };
    case 'moved':
      return { two: [account('two', rid, `Person ${index}`, { guid: guidOf('one', rid), attributes: { ...attributes, whenCreated: ['20250102030405.0Z'] } })], one: [account('one', rid, `Person ${index}`, { attributes: { ...attributes, userAccountControl: ['514'] } })], mail: [mailbox(sidOf('two', rid))] };
    case 'alone':
      return { one: [first] };
    case 'room':
      return { one: [first], mail: [linkedMailbox(rid, sidOf('one', rid), { attributes: { msExchRecipientTypeDetails: ['16'] } })] };
    case 'unlinked':
      return { one: [first], mail: [mailbox(early ? sidOf('one', rid) : 'S-1-5-10')] };
    case 'relinked':
      return { one: [first, account('one', rid + 1, `Person ${index} C`)], mail: [mailbox(sidOf('one', early ? rid + 1 : rid))] };
  }
}

const everything = (cases: readonly Case[], forest: ForestName, early: boolean): DirectoryEntry[] =>
  cases.flatMap((one, index) => objectsOfCase(one, index, early)[forest] ?? []);

/** What is to be the same whoever is read first. */
const essence = (person: PersonView) => ({
  displayName: person.displayName,
  state: person.state,
  recipientType: person.recipientType,
  accountName: person.accountName,
  addresses: person.addresses.map(({ address, held, disabled }) => `${address} ${held} ${disabled}`),
  attributes: person.attributes,
  attributeSources: person.attributeSources,
  fieldSources: person.fieldSources,
  sources: person.sources.map(({ integration, guid, gives, state }) => ({ integration, guid, gives, state })),
  rules: person.sources.map(({ rule }) => rule).sort(),
});
const essences = async (forests: Forests) => (await forests.people()).map(essence);

test('who people are, and what, does not depend on who is read first, nor how often; and nobody flips who was read whole', async () => {
  const reading = fc.record({ forest: fc.constantFrom(...forestNames), told: fc.boolean(), early: fc.boolean(), pageSize: fc.integer({ min: 1, max: 6 }), backwards: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(
      fc.array(caseArbitrary, { minLength: 1, maxLength: 6 }),
      fc.array(reading, { maxLength: 6 }),
      fc.shuffledSubarray([...forestNames], { minLength: forestNames.length }),
      fc.infiniteStream(fc.nat({ max: 2 })),
      async (cases, some, lastly, turns) => {
        const plain = await threeForests(lab);
        for (const forest of forestNames) await plain.read(forest, everything(cases, forest, false));
        const expected = await essences(plain);

        const forests = await threeForests(lab);
        const queues = new Map<ForestName, { entries: readonly DirectoryEntry[]; told: boolean; early: boolean; first: boolean; last: boolean }[]>();
        const readings = [...some, ...lastly.map((forest) => ({ forest, told: false, early: false, pageSize: 3, backwards: false }))];
        for (const { forest, told, early, pageSize, backwards } of readings) {
          const entries = everything(cases, forest, early);
          if (backwards) entries.reverse();
          const queue = queues.get(forest) ?? [];
          queues.set(forest, queue);
          for (let at = 0; at === 0 || at < entries.length; at += pageSize) {
            queue.push({ entries: entries.slice(at, at + pageSize), told, early, first: at === 0, last: at + pageSize >= entries.length });
          }
        }
        const open = new Map<ForestName, Awaited<ReturnType<Forests['begin']>>>();
        /** GUIDs in whose forest the state that stays was told last. */
        const settled = new Set<string>();
        for (const turn of turns) {
          const waiting = forestNames.filter((forest) => (queues.get(forest)?.length ?? 0) > 0);
          const forest = waiting[turn % Math.max(waiting.length, 1)];
          const page = forest === undefined ? undefined : queues.get(forest)?.shift();
          if (forest === undefined || page === undefined) break;
          if (page.told) {
            if (!(await forests.tell(forest, page.entries))) continue;
          } else {
            if (page.first) open.set(forest, await forests.begin(forest));
            await open.get(forest)?.({ entries: page.entries, last: page.last });
          }
          for (const { guid } of page.entries) {
            if (page.early) settled.delete(forest + guid);
            else settled.add(forest + guid);
          }
          const whole = cases.flatMap((one, index) => {
            const objects = Object.entries(objectsOfCase(one, index, false)).flatMap(([where, entries]) => entries.map(({ guid }) => where + guid));
            return objects.every((key) => settled.has(key)) ? objects : [];
          });
          const now = await essences(forests);
          const keysOf = (person: ReturnType<typeof essence>) => person.sources.map(({ integration, guid }) => integration + guid);
          for (const person of expected.filter((one) => keysOf(one).every((key) => whole.includes(key)))) expect(now).toContainEqual(person);
        }
        expect(await essences(forests)).toEqual(expected);
      },
    ),
    { seed, numRuns: Number(process.env['LOCKSTEP_RUNS'] ?? 25) },
  );
}, 600_000);
