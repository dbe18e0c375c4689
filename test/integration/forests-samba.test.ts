/**
 * The topologies of the admin guide on real domain controllers, from LDAP to the API. What is expected is what ldapsearch reads, by
 * rules of its own (test/lab/world/expectations.ts): for everybody and every group, after every step.
 */
import { sidBytes } from '../../src/ldap-filter/sid.ts';
import { type LabApi, labApi } from '../lab/api.ts';
import { until } from '../lab/component.ts';
import { administrator, type DirectoryAdministrator } from '../lab/samba/changes.ts';
import { resetSambaForest, type SambaDomain, sambaForest } from '../lab/samba.ts';
import { SiteInProcess } from '../lab/site-in-process.ts';
import { differences } from '../lab/world/archived-world.ts';
import { expectationsOf } from '../lab/world/expectations.ts';
import { readPlainly } from '../lab/world/plain-reading.ts';

let api: LabApi;
let baseUrl: string;
beforeAll(async () => {
  api = await labApi();
  baseUrl = await api.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => api.close());

/** A site of a new organisation, with an integration for each of the domains; none has been read. */
async function integrated<Role extends string>(domains: Readonly<Record<Role, SambaDomain>>) {
  const site = await SiteInProcess.enrolled(api, baseUrl);
  const roles = Object.keys(domains) as Role[];
  const integrations = Object.fromEntries(
    await Promise.all(
      roles.map(async (role) => {
        const { address, caPem, baseDn, accounts } = domains[role];
        const settings = { host: address, security: 'ldaps' as const, caPem, account: accounts.sync.bind, baseDn, acknowledgeDisabled: true };
        return [role, await site.directory(role, settings, accounts.sync.password)] as const;
      }),
    ),
  ) as Record<Role, Awaited<ReturnType<SiteInProcess['directory']>>>;
  return {
    site,
    integrations,
    read: (role: Role) => site.read(integrations[role]),
    watchAll: async () => {
      const watching = roles.map((role) => site.watch(integrations[role]));
      await until('all are watched', async () => watching.every(({ states }) => states.some(({ state }) => state === 'watching')));
    },
    /** Where the archive is not what these directories say. */
    wrong: async (read: readonly Role[] = roles) => {
      const plain = read.map((role) => {
        const { baseDn, ldapsUrl: url, caFile, accounts } = domains[role];
        return { role, baseDn, scope: {}, reader: { url, caFile, bind: accounts.read.bind, password: accounts.read.password } };
      });
      const expected = expectationsOf(await readPlainly(plain), Object.fromEntries(plain.map((one) => [one.role, one])));
      return differences(site.archive, expected, { isMeant: () => true, roleOf: (integration) => integration });
    },
    members: async (group: string) =>
      (await site.archive.members(group)).filter(({ by }) => by === 'member').map(({ kind, displayName, dn }) => (kind === 'pending' ? `pending ${dn}` : `${kind} ${displayName ?? ''}`)).sort(),
    idOf: async (address: string) => (await site.archive.person(address)).id,
  };
}
type Integrated<Role extends string> = Awaited<ReturnType<typeof integrated<Role>>>;

/** The watchers have brought it: the archive is as the directories are. */
async function catchesUp<Role extends string>({ wrong }: Integrated<Role>, what: string): Promise<void> {
  let last: readonly string[] = [];
  await until(what, async () => (last = await wrong()).length === 0, 20_000).catch(() => undefined);
  expect(last).toEqual([]);
}
const foreign = (sid: string, { baseDn }: SambaDomain) => `pending CN=${sid},CN=ForeignSecurityPrincipals,${baseDn}`;

const tree = await sambaForest('parent-child');
if ('skip' in tree) {
  test.skip(`a parent and a child domain: ${tree.skip}`, () => undefined);
} else {
  describe('a parent and a child domain', () => {
    let domains = tree;
    let admins: { readonly parent: DirectoryAdministrator; readonly child: DirectoryAdministrator };
    beforeAll(async () => {
      domains = await resetSambaForest('parent-child');
      admins = { parent: await administrator(domains.parent), child: await administrator(domains.child) };
    });
    afterAll(async () => {
      await admins.parent.close();
      await admins.child.close();
      await resetSambaForest('parent-child');
    });
    const inChild = (name: string) => `CN=${name},OU=People,${domains.child.baseDn}`;

    test.each<[first: 'parent' | 'child', second: 'parent' | 'child']>([['parent', 'child'], ['child', 'parent']])(
      'read in the order %s, %s: members of the other domain are pending with their DN, then they are people',
      async (first, second) => {
        const { read, wrong, members } = await integrated(domains);
        await read(first);
        expect(await wrong([first])).toEqual([]);
        const gwenAndHugo = [5001, 5002].map((rid) => foreign(`${domains.child.domainSid}-${rid}`, domains.parent));
        if (first === 'parent') expect(await members('Joint Project')).toEqual(['group Engineering', ...gwenAndHugo]);
        else expect(await members('EMEA and Bob')).toEqual(['group EMEA Staff', foreign(`${domains.parent.domainSid}-5002`, domains.child)]);
        await read(second);
        expect(await wrong()).toEqual([]);
        expect(await members('Joint Project')).toEqual(['group Engineering', 'person Gwen Green', 'person Hugo Hall']);
        expect(await members('EMEA and Bob')).toEqual(['group EMEA Staff', 'person Bob Baker']);
        for (const again of [first, second, second, first]) {
          expect(await read(again)).toMatchObject({ added: 0, changed: 0, missing: 0, returned: 0 });
          expect(await wrong()).toEqual([]);
        }
      },
    );

    test('references are recorded and not followed, and the child is found in the configuration of the parent', async () => {
      const { site, read } = await integrated(domains);
      await read('parent');
      const { findings } = await api.lab.owner.selectFrom('directory_integration').select('findings').orderBy('created_at', 'desc').where('name', '=', 'parent').executeTakeFirstOrThrow();
      expect(findings?.references).toEqual([expect.stringMatching(/^ldaps?:\/\/corp\.lockstep\.test\/CN=Configuration,/) as string]);
      expect(findings?.domains).toContainEqual({ dn: domains.child.baseDn, dnsName: domains.child.dnsName, netbiosName: domains.child.netbiosName, parentDn: domains.parent.baseDn, own: false });
      expect((await site.archive.people()).some(({ displayName }) => displayName === 'Gwen Green')).toBe(false);
    });

    test('what changes in either is brought by the watchers: a disable, an alias, a membership, a rename, a deletion', async () => {
      const lab = await integrated(domains);
      await lab.read('parent');
      await lab.read('child');
      await lab.watchAll();
      try {
        const gwen = await lab.idOf('gwen@emea.lockstep.test');
        await admins.child.disable(inChild('Hugo Hall'));
        await catchesUp(lab, 'Hugo is disabled');
        expect((await lab.site.archive.person('hugo@emea.lockstep.test')).state).toBe('disabled');

        await admins.child.addValues(inChild('Gwen Green'), { proxyAddresses: 'smtp:gg@emea.lockstep.test' });
        await catchesUp(lab, 'Gwen has an alias');
        expect(await lab.idOf('gg@emea.lockstep.test')).toBe(gwen);

        await admins.parent.addMembers(`CN=Joint Project,OU=Groups,${domains.parent.baseDn}`, [`CN=Alice Archer,OU=People,${domains.parent.baseDn}`]);
        await catchesUp(lab, 'Alice has joined');
        expect(await lab.members('Joint Project')).toContain('person Alice Archer');

        await admins.child.move(inChild('Gwen Green'), inChild('Gwen Married'));
        await catchesUp(lab, 'Gwen is called otherwise');
        expect(await lab.idOf('gwen@emea.lockstep.test')).toBe(gwen);
        expect(await lab.members('Joint Project')).toContain('person Gwen Green');

        await admins.child.remove(inChild('Ines Ito'));
        await catchesUp(lab, 'Ines is gone');
        expect((await lab.site.archive.person('ines@emea.lockstep.test')).state).toBe('missing');
        await admins.child.enable(inChild('Hugo Hall'));
        await catchesUp(lab, 'Hugo is enabled');
      } finally {
        await lab.site.stopWatching();
      }
      for (const role of ['child', 'parent'] as const) expect(await lab.read(role)).toMatchObject({ added: 0, changed: 0, missing: 0, returned: 0 });
    }, 120_000);
  });
}

const forests = await sambaForest('resource-forest');
if ('skip' in forests) {
  test.skip(`an account forest and a resource forest: ${forests.skip}`, () => undefined);
} else {
  describe('an account forest and a resource forest', () => {
    let domains = forests;
    let admins: { readonly accounts: DirectoryAdministrator; readonly resource: DirectoryAdministrator };
    beforeAll(async () => {
      domains = await resetSambaForest('resource-forest');
      admins = { accounts: await administrator(domains.accounts), resource: await administrator(domains.resource) };
    });
    afterAll(async () => {
      await admins.accounts.close();
      await admins.resource.close();
      await resetSambaForest('resource-forest');
    });
    const account = (name: string) => `CN=${name},OU=People,${domains.accounts.baseDn}`;
    const mailbox = (name: string) => `CN=${name},OU=Mailboxes,${domains.resource.baseDn}`;

    test.each<[first: 'accounts' | 'resource', second: 'accounts' | 'resource']>([['accounts', 'resource'], ['resource', 'accounts']])(
      'read in the order %s, %s: one person each, who never flips however often they are read',
      async (first, second) => {
        const { site, read, wrong, members } = await integrated(domains);
        await read(first);
        expect(await wrong([first])).toEqual([]);
        await read(second);
        const states = async () => Object.fromEntries((await site.archive.people()).map(({ id, displayName, state }) => [displayName, `${id} ${state}`]));
        const before = await states();
        for (const again of [first, second, second, first, first, second]) {
          expect(await wrong()).toEqual([]);
          expect(await states()).toEqual(before);
          expect(await read(again)).toMatchObject({ added: 0, changed: 0, missing: 0, returned: 0 });
        }
        const stateOf = (name: string) => before[name]?.split(' ')[1];
        expect(['Alice Archer', 'Frank Former', 'Mona Moved', 'Sales', 'Room 1', 'Ada Admin', 'Nora Nomail'].map(stateOf)).toEqual([
          'enabled', 'disabled', 'enabled', 'enabled', 'enabled', 'enabled', undefined,
        ]);
        expect(await site.archive.person('alice@lockstep.test')).toMatchObject({
          fieldSources: { displayName: 'accounts', state: 'accounts', addresses: 'resource' },
          attributeSources: { proxyAddresses: 'resource', title: 'accounts' },
        });
        // Carol is in it as her mailbox and as her account: the one person twice.
        expect(await members('Mailbox Access')).toEqual(expect.arrayContaining(['person Bob Baker', 'person Carol Clarke', 'person Carol Clarke']));
      },
    );

    test('who is disabled, unlinked and linked again is told by the watchers, and is who they were', async () => {
      const lab = await integrated(domains);
      await lab.read('resource');
      await lab.read('accounts');
      const bob = await lab.idOf('bob@lockstep.test');
      await lab.watchAll();
      const stateOf = async (address: string) => (await lab.site.archive.person(address)).state;
      try {
        await admins.accounts.disable(account('Bob Baker'));
        await catchesUp(lab, 'Bob is disabled');
        expect(await stateOf('bob@lockstep.test')).toBe('disabled');
        await admins.accounts.enable(account('Bob Baker'));
        await catchesUp(lab, 'Bob is enabled');

        const bobsSid = sidBytes(`${domains.accounts.domainSid}-5002`) ?? Buffer.alloc(0);
        await admins.resource.modify(mailbox('Bob Baker'), { msExchMasterAccountSid: [] as string[] });
        await catchesUp(lab, 'the mailbox is nobody’s');
        await until('the mailbox has no account any more', async () => (await lab.site.archive.person('bob@lockstep.test')).sources.every(({ integration }) => integration === 'resource'));
        await admins.resource.modify(mailbox('Bob Baker'), { msExchMasterAccountSid: bobsSid });
        await catchesUp(lab, 'Bob has his mailbox again');
        expect(await lab.idOf('bob@lockstep.test')).toBe(bob);
        expect(await stateOf('bob@lockstep.test')).toBe('enabled');

        // Olaf's account was deleted long ago. Now Nora gets his mailbox.
        await admins.resource.modify(mailbox('Olaf Orphan'), { msExchMasterAccountSid: sidBytes(`${domains.accounts.domainSid}-5006`) ?? Buffer.alloc(0) });
        await catchesUp(lab, 'Nora has a mailbox');
        expect(await lab.site.archive.person('olaf@lockstep.test')).toMatchObject({ displayName: 'Nora Nomail', state: 'enabled' });
        expect(await lab.members('Mailbox Access')).toContain('person Nora Nomail');

        await admins.accounts.remove(account('Dave Dunn'));
        await until('Dave is gone', async () => (await stateOf('dave@lockstep.test')) !== 'enabled');
        await catchesUp(lab, 'all else is as it was');
      } finally {
        await lab.site.stopWatching();
      }
      for (const role of ['accounts', 'resource'] as const) expect(await lab.read(role)).toMatchObject({ added: 0, changed: 0, missing: 0, returned: 0 });
      expect(await lab.wrong()).toEqual([]);
    }, 120_000);
  });
}
