/** Members of another domain: their own domain tells their names, and the group's domain may learn of a rename days later. */
import { randomUUID } from 'node:crypto';
import { withOrganisation } from '../../src/archive/database.ts';
import { listGroupMembers } from '../../src/archive/group-members.ts';
import type { DirectoryChangeEntry, DirectoryChangesPage, DirectoryWatermark } from '../../src/shared/directory.ts';
import { anIntegration, anOrganisation, aRun, aSite, directoryPage, endRun, groupEntry, membersOf, userEntry } from '../lab/builders.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { openWatch, postChanges, readAll } from '../lab/reading.ts';

let lab: LabDatabase;
beforeAll(async () => {
  lab = await freshDatabase();
});
afterAll(() => lab.close());

const watermark: DirectoryWatermark = { method: 'dirsync', dnsHostName: 'dc1.corp.example', invocationId: null, cookie: '' };

/** A group of the parent with a member of the child, who was renamed in the child since. */
async function renamedElsewhere() {
  const organisation = await anOrganisation(lab.owner);
  const site = await aSite(lab.owner, organisation);
  const read = async (name: string, page: Parameters<typeof directoryPage>[0]) => {
    const integration = await anIntegration(lab.owner, site, { name, settings: { baseDn: 'DC=corp' } });
    const run = await aRun(lab.owner, integration);
    await readAll(lab.app, run, [directoryPage({ ...page, watermark })]);
    return {
      tell: async (page: Partial<DirectoryChangesPage>) => {
        const position = await openWatch(lab.app, run);
        if (position === undefined) throw new Error('there is no watermark');
        await postChanges(lab.app, run, position, { entries: [], members: [], problems: [], changes: [], watermark, ...page });
      },
    };
  };
  const before = 'CN=Gwen Green,OU=People,DC=emea,DC=corp';
  const now = 'CN=Gwen Married,OU=People,DC=emea,DC=corp';
  const gwen = userEntry('Gwen Green', { dn: before });
  const group = groupEntry('Project', { dn: 'CN=Project,DC=corp' });
  const parent = await read('parent', { entries: [group], members: [membersOf(group, [before])] });
  const child = await read('child', { entries: [gwen] });
  await child.tell({ entries: [{ ...gwen, dn: now }] });
  return {
    now,
    parent,
    change: (change: Pick<DirectoryChangeEntry, 'memberAdded' | 'memberRemoved'>): DirectoryChangeEntry => ({
      guid: group.guid, dn: group.dn, deleted: false, attributes: {}, ...change,
    }),
    former: { dn: before, guid: gwen.guid },
    members: async () => (await withOrganisation(lab.app, organisation.id, (tx) => listGroupMembers(tx, 'Project', { limit: 10 }))).items.map(({ dn, kind }) => `${dn} ${kind}`),
  };
}

test('who was renamed in another domain keeps a membership, and leaves by the old name or by GUID', async () => {
  for (const member of [{ dn: 'by the old name' }, { dn: 'by GUID', guid: true }]) {
    const { now, parent, former, change, members } = await renamedElsewhere();
    expect(await members()).toEqual([`${now} person`]);
    const told = member.guid === true ? { dn: `CN=Gwen\\0ACNF:${randomUUID()},DC=emea,DC=corp`, guid: former.guid } : { dn: former.dn };
    await parent.tell({ changes: [change({ memberAdded: [], memberRemoved: [told] })] });
    expect(await members()).toEqual([]);
  }
});

test('who joins under the name before a rename in another domain is the one who is called otherwise now', async () => {
  const { now, parent, former, change, members } = await renamedElsewhere();
  await parent.tell({ changes: [change({ memberAdded: [former], memberRemoved: [] })] });
  expect(await members()).toEqual([`${now} person`]);
});

test('a list that still has the name before a rename in another domain means the one who had it', async () => {
  const { now, parent, former, change, members } = await renamedElsewhere();
  const { guid } = change({ memberAdded: [], memberRemoved: [] });
  await parent.tell({ members: [{ guid, dns: [former.dn], last: true }] });
  expect(await members()).toEqual([`${now} person`]);
});

test('a name that somebody new has belongs to that one in the next reading, whichever of them is read first', async () => {
  const organisation = await anOrganisation(lab.owner);
  const integration = await anIntegration(lab.owner, await aSite(lab.owner, organisation), { settings: { baseDn: 'DC=corp' } });
  const dn = 'CN=Ada,DC=corp';
  const [first, second, group] = [userEntry('First Ada', { dn }), userEntry('Second Ada', { dn }), groupEntry('Project', { dn: 'CN=Project,DC=corp' })];
  const run = await aRun(lab.owner, integration);
  await readAll(lab.app, run, [directoryPage({ entries: [group, first], watermark })]);
  const position = await openWatch(lab.app, run);
  if (position === undefined) throw new Error('there is no watermark');
  const gone: DirectoryChangeEntry = { guid: first.guid, dn: `CN=Ada\\0ADEL:${first.guid},DC=corp`, deleted: true, attributes: {}, memberAdded: [], memberRemoved: [] };
  await postChanges(lab.app, run, position, { entries: [], members: [], problems: [], changes: [gone], watermark });
  await endRun(lab.owner, run);
  await readAll(lab.app, await aRun(lab.owner, integration), [
    directoryPage({ entries: [group], members: [membersOf(group, [dn])] }),
    directoryPage({ entries: [second], watermark }),
  ]);
  const { items } = await withOrganisation(lab.app, organisation.id, (tx) => listGroupMembers(tx, 'Project', { limit: 10 }));
  expect(items).toMatchObject([{ dn, kind: 'person', displayName: 'Second Ada' }]);
});
