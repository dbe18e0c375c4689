/** Whose mailboxes a mailbox group means, on real readings of directories. */
import { sql } from 'kysely';
import { type OrganisationTransaction, withOrganisation } from '../../src/archive/database.ts';
import { resolveMailboxes, type ResolvedGroup } from '../../src/archive/group-mailboxes.ts';
import { groupId } from '../../src/archive/groups.ts';
import { sourceOf } from '../../src/archive/mailbox-groups.ts';
import type { DirectoryPage } from '../../src/shared/directory.ts';
import type { MailboxGroupSource } from '../../src/shared/tasks.ts';
import { aDirectory, anIntegration, aRun, contactEntry, directoryPage, endRun, groupEntry, membersOf, userEntry } from '../lab/builders.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { readAll } from '../lab/reading.ts';

let lab: LabDatabase;
beforeAll(async () => {
  lab = await freshDatabase();
});
afterAll(() => lab.close());

type Directory = Awaited<ReturnType<typeof aDirectory>>;

async function read(directory: Pick<Directory, 'integration'>, page: Partial<DirectoryPage>): Promise<void> {
  const run = await aRun(lab.owner, directory.integration);
  await readAll(lab.app, run, [directoryPage(page)]);
  await endRun(lab.owner, run);
}
const within = <T>(directory: Directory, work: (tx: OrganisationTransaction) => Promise<T>) => withOrganisation(lab.app, directory.organisation.id, work);
const resolveGroup = (directory: Directory, name: string): Promise<ResolvedGroup> =>
  within(directory, async (tx) => resolveMailboxes(tx, { kind: 'directory-group', group: await groupId(tx, name) }));
const resolveList = (directory: Directory, ...addresses: string[]): Promise<ResolvedGroup> =>
  within(directory, async (tx) => resolveMailboxes(tx, await sourceOf(tx, { kind: 'mailboxes', addresses })));
const addresses = ({ mailboxes }: ResolvedGroup) => mailboxes.map(({ address }) => address);

test('members are found through nested groups that are in each other, each once', async () => {
  const directory = await aDirectory(lab.owner);
  const [ada, grace, alan] = [userEntry('Ada'), userEntry('Grace'), userEntry('Alan')];
  const [outer, inner] = [groupEntry('Outer'), groupEntry('Inner')];
  await read(directory, { entries: [ada, grace, alan, outer, inner], members: [membersOf(outer, [ada, inner]), membersOf(inner, [grace, ada, outer])] });
  expect(addresses(await resolveGroup(directory, 'Outer'))).toEqual(['ada@corp.example', 'grace@corp.example']);
  expect(addresses(await resolveGroup(directory, 'Inner'))).toEqual(['ada@corp.example', 'grace@corp.example']);
});

test('members by primary group are members', async () => {
  const directory = await aDirectory(lab.owner);
  const domain = 'S-1-5-21-1-2-3';
  const group = groupEntry('Staff', { attributes: { objectSid: [`${domain}-1500`] } });
  const ada = userEntry('Ada', { attributes: { objectSid: [`${domain}-1600`], primaryGroupID: ['1500'] } });
  await read(directory, { entries: [group, ada] });
  expect(addresses(await resolveGroup(directory, 'Staff'))).toEqual(['ada@corp.example']);
});

test('an account stands for its linked mailbox in another forest, whichever of the two is named', async () => {
  const directory = await aDirectory(lab.owner);
  const other = { ...directory, integration: await anIntegration(lab.owner, directory.site, { name: 'mail', settings: { baseDn: 'DC=mail,DC=example' } }) };
  const sid = 'S-1-5-21-4-5-6-1700';
  const account = userEntry('Ada', { attributes: { objectSid: [sid], mail: [], proxyAddresses: [], msExchRecipientTypeDetails: [] } });
  const mailbox = userEntry('Ada', {
    dn: 'CN=Ada,DC=mail,DC=example',
    attributes: { msExchMasterAccountSid: [sid], msExchRecipientTypeDetails: ['2'], userAccountControl: ['514'], proxyAddresses: ['SMTP:ada@mail.example'], mail: ['ada@mail.example'] },
  });
  const group = groupEntry('Linked');
  await read(directory, { entries: [account, group], members: [membersOf(group, [account, mailbox])] });
  await read(other, { entries: [mailbox] });
  const { mailboxes, skipped } = await resolveGroup(directory, 'Linked');
  expect([mailboxes.map(({ address, recipientType }) => [address, recipientType]), skipped]).toEqual([[['ada@mail.example', 'linked-mailbox']], []]);
});

test('who has no mailbox here is left out with the reason', async () => {
  const directory = await aDirectory(lab.owner);
  const ada = userEntry('Ada');
  const online = userEntry('Online', { attributes: { msExchRecipientTypeDetails: ['2147483648'] } });
  const plain = userEntry('Plain', { attributes: { msExchRecipientTypeDetails: ['128'] } });
  const contact = contactEntry('Partner');
  const group = groupEntry('Mixed');
  await read(directory, { entries: [ada, online, plain, contact, group], members: [membersOf(group, [ada, online, plain, contact, 'CN=Elsewhere,DC=other,DC=example'])] });
  const { skipped, ...resolved } = await resolveGroup(directory, 'Mixed');
  expect(addresses({ skipped, ...resolved })).toEqual(['ada@corp.example']);
  expect(Object.fromEntries(skipped.map(({ name, reason }) => [name, reason]))).toEqual({
    Online: 'online',
    Plain: 'no-mailbox',
    Partner: 'no-mailbox',
    'CN=Elsewhere,DC=other,DC=example': 'pending',
  });
});

test('members in another directory are found once both are read, and both say how old they are', async () => {
  const directory = await aDirectory(lab.owner);
  const other = { ...directory, integration: await anIntegration(lab.owner, directory.site, { name: 'other', settings: { baseDn: 'DC=other,DC=example' } }) };
  const far = userEntry('Far', { dn: 'CN=Far,DC=other,DC=example' });
  const group = groupEntry('Both');
  await read(directory, { entries: [group], members: [membersOf(group, [far])] });
  const before = await resolveGroup(directory, 'Both');
  expect(before).toMatchObject({ mailboxes: [], skipped: [{ reason: 'pending' }], directories: [{ name: directory.integration.name, read_at: expect.any(Date) as Date }] });
  await read(other, { entries: [far] });
  const after = await resolveGroup(directory, 'Both');
  expect(addresses(after)).toEqual(['far@corp.example']);
  expect(after.directories.map(({ name, read_at }) => [name, read_at instanceof Date])).toEqual([
    [directory.integration.name, true],
    ['other', true],
  ]);
});

test('a directory that was never read to its end has no age', async () => {
  const directory = await aDirectory(lab.owner);
  const group = groupEntry('Early');
  const run = await aRun(lab.owner, directory.integration);
  await readAll(lab.app, run, [directoryPage({ entries: [group] })]);
  expect((await resolveGroup(directory, 'Early')).directories).toMatchObject([{ read_at: null, watched_at: null }]);
});

test('who goes from the directory is left out as missing, and a group that goes has no members', async () => {
  const directory = await aDirectory(lab.owner);
  const [ada, grace, group] = [userEntry('Ada'), userEntry('Grace'), groupEntry('Team')];
  await read(directory, { entries: [ada, grace, group], members: [membersOf(group, [ada, grace])] });
  const source: MailboxGroupSource = { kind: 'directory-group', group: await within(directory, (tx) => groupId(tx, 'Team')) };
  await sql`update directory_object set missing_since = now(), in_source = false, in_scope = false where guid = ${ada.guid}::uuid`.execute(lab.owner);
  const resolved = await within(directory, (tx) => resolveMailboxes(tx, source));
  expect([addresses(resolved), resolved.skipped.map(({ name, reason }) => [name, reason])]).toEqual([['grace@corp.example'], [['Ada', 'missing']]]);
  await sql`update directory_object set missing_since = now() where guid = ${group.guid}::uuid`.execute(lab.owner);
  await expect(within(directory, (tx) => resolveMailboxes(tx, source))).rejects.toMatchObject({ name: 'NotFoundError' });
});

test('addresses name a mailbox once, in any case, also by an alias; one that nobody has is kept as it was typed', async () => {
  const directory = await aDirectory(lab.owner);
  await read(directory, { entries: [userEntry('Ada'), groupEntry('Team')] });
  const resolved = await resolveList(directory, 'ADA@corp.example', 'ada@alias.example', 'stranger@corp.example', 'team@corp.example');
  expect(resolved.mailboxes.map(({ address, objectId, displayName }) => [address, objectId !== null, displayName])).toEqual([
    ['ada@corp.example', true, 'Ada'],
    ['stranger@corp.example', false, 'stranger@corp.example'],
  ]);
  // An address of the archive that is no mailbox.
  expect(resolved.skipped).toEqual([{ name: 'Team', address: 'team@corp.example', reason: 'no-mailbox' }]);
});

test('a group of another organisation is none', async () => {
  const [mine, theirs] = [await aDirectory(lab.owner), await aDirectory(lab.owner)];
  await read(theirs, { entries: [groupEntry('Theirs')] });
  const group = await within(theirs, (tx) => groupId(tx, 'Theirs'));
  await expect(within(mine, (tx) => sourceOf(tx, { kind: 'directory-group', group }))).rejects.toMatchObject({ issues: [{ path: '/source/group' }] });
  await expect(within(mine, (tx) => resolveMailboxes(tx, { kind: 'directory-group', group }))).rejects.toMatchObject({ name: 'NotFoundError' });
});

describe('in a directory of 10,000', () => {
  let directory: Directory;
  beforeAll(async () => {
    directory = await aDirectory(lab.owner);
    const people = Array.from({ length: 10_000 }, (_, at) => userEntry(`Person ${at}`));
    const [everybody, few] = [groupEntry('Everybody'), groupEntry('Few')];
    await read(directory, { entries: [...people, everybody, few], members: [membersOf(everybody, people), membersOf(few, people.slice(0, 3))] });
    await sql`analyze`.execute(lab.owner);
  }, 180_000);

  /** How often the large tables are read from end to end meanwhile. */
  const scansOf = (group: string): Promise<{ mailboxes: number; scans: number }> =>
    within(directory, async (tx) => {
      const scans = async () => {
        const { rows } = await sql<{ scans: string }>`
          select sum(seq_scan) as scans from pg_stat_xact_user_tables
          where relname in ('directory_object', 'directory_member', 'directory_address', 'person', 'person_link')`.execute(tx);
        return Number(rows[0]?.scans);
      };
      const source = { kind: 'directory-group', group: await groupId(tx, group) } as const;
      const before = await scans();
      const { mailboxes } = await resolveMailboxes(tx, source);
      return { mailboxes: mailboxes.length, scans: (await scans()) - before };
    });

  test('a small group is found by indexes alone', async () => {
    expect(await scansOf('Few')).toEqual({ mailboxes: 3, scans: 0 });
  });
  test('everybody is found, and no table is read once for each of them', async () => {
    const { mailboxes, scans } = await scansOf('Everybody');
    expect(mailboxes).toBe(10_000);
    expect(scans).toBeLessThan(10);
  });
  test('a list of 10,000 addresses is found likewise', async () => {
    const { mailboxes } = await resolveList(directory, ...Array.from({ length: 10_000 }, (_, at) => `person.${at}@corp.example`));
    expect([mailboxes.length, mailboxes.every(({ objectId }) => objectId !== null)]).toEqual([10_000, true]);
  });
});
