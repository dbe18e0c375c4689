/** What the lab's two topologies hold, as ldapsearch reads it. */
import { sidBytes } from '../../src/ldap-filter/sid.ts';
import { ldapsearch, type LdapsearchOptions, type LdifEntry } from '../lab/ldapsearch.ts';
import { resetSambaForest, sambaForest } from '../lab/samba.ts';
import { administrator } from '../lab/samba/changes.ts';
import type { SambaDomain } from '../lab/samba/served-domain.ts';

const search = async (
  domain: SambaDomain,
  filter: string,
  attributes: string[],
  options: Partial<LdapsearchOptions> & { as?: 'sync' | 'read' } = {},
): Promise<readonly LdifEntry[]> => {
  const account = domain.accounts[options.as ?? 'read'];
  const { entries } = await ldapsearch({
    url: domain.ldapsUrl,
    caFile: domain.caFile,
    bind: account.bind,
    password: account.password,
    base: domain.baseDn,
    filter,
    attributes,
    ...options,
  });
  return entries;
};
const values = (entry: LdifEntry | undefined, name: string): string[] => (entry?.attributes[name] ?? []).map(String);
const names = (entries: readonly LdifEntry[]): string[] => entries.flatMap((entry) => values(entry, 'name')).sort();

const tree = await sambaForest('parent-child');
if ('skip' in tree) {
  test.skip(`a parent and a child domain: ${tree.skip}`, () => undefined);
} else {
  describe('a parent and a child domain', () => {
    const { parent, child } = tree;

    test('answer at addresses of their own, each as itself', async () => {
      expect(parent.address).not.toBe(child.address);
      expect(child.baseDn).toBe(`DC=emea,${parent.baseDn}`);
      for (const domain of [parent, child]) {
        const [entry] = await search(domain, '(objectClass=*)', ['objectSid'], { scope: 'base' });
        expect(entry?.attributes['objectSid']).toEqual([sidBytes(domain.domainSid)]);
      }
    });

    test("the parent's configuration names the child", async () => {
      const wanted = ['nCName', 'dnsRoot', 'nETBIOSName', 'systemFlags', 'trustParent'];
      const partitions = `CN=Partitions,CN=Configuration,${parent.baseDn}`;
      const [crossRef] = await search(parent, `(nETBIOSName=${child.netbiosName})`, wanted, { base: partitions });
      expect(wanted.flatMap((name) => values(crossRef, name))).toEqual([
        child.baseDn,
        child.dnsName,
        child.netbiosName,
        '3',
        `CN=${parent.netbiosName},${partitions}`,
      ]);
    });

    test('groups have members of the other domain, as foreign security principals with their SIDs', async () => {
      const [gwen] = await search(child, '(sAMAccountName=gwen)', ['objectSid']);
      const [group] = await search(parent, '(name=Joint Project)', ['member']);
      const foreign = values(group, 'member').filter((dn) => dn.includes('CN=ForeignSecurityPrincipals,'));
      expect(foreign).toHaveLength(2);
      const principals = await Promise.all(
        foreign.map((base) => search(parent, '(objectClass=foreignSecurityPrincipal)', ['objectSid'], { base })),
      );
      expect(principals.map(([entry]) => entry?.attributes['objectSid']?.[0])).toContainEqual(
        gwen?.attributes['objectSid']?.[0],
      );
    });
  });
}

const forests = await sambaForest('resource-forest');
if ('skip' in forests) {
  test.skip(`an account forest and a resource forest: ${forests.skip}`, () => undefined);
} else {
  describe('an account forest and a resource forest', () => {
    const { accounts, resource } = forests;

    test('a linked mailbox is a disabled account with the SID of a person; one person is gone', async () => {
      const people = await search(accounts, '(&(objectClass=user)(title=*))', ['name', 'objectSid', 'sIDHistory']);
      const bySid = new Map(
        people.flatMap((entry) =>
          [...(entry.attributes['objectSid'] ?? []), ...(entry.attributes['sIDHistory'] ?? [])].map(
            (sid) => [sid.toString('hex'), values(entry, 'name')[0]] as const,
          ),
        ),
      );
      const linked = await search(resource, '(msExchRecipientTypeDetails=2)', [
        'name',
        'userAccountControl',
        'msExchMasterAccountSid',
      ]);
      const links = linked.map((entry) => [
        values(entry, 'name')[0],
        bySid.get(entry.attributes['msExchMasterAccountSid']?.[0]?.toString('hex') ?? ''),
      ]);
      expect(new Set(linked.flatMap((entry) => values(entry, 'userAccountControl')))).toEqual(new Set(['514']));
      expect(links.sort()).toEqual([
        ...['Alice Archer', 'Bob Baker', 'Carol Clarke', 'Dave Dunn', 'Frank Former', 'Mona Moved'].map((name) => [
          name,
          name,
        ]),
        ['Olaf Orphan', undefined],
      ]);
    });

    test('only the resource forest has mail, only Mona has a history', async () => {
      expect(await search(accounts, '(mail=*)', ['name'])).toEqual([]);
      expect(names(await search(accounts, '(sIDHistory=*)', ['name']))).toEqual(['Mona Moved']);
    });

    test('a linked mailbox is found by the SID of its account as text', async () => {
      const found = await search(resource, `(msExchMasterAccountSid=${accounts.domainSid}-5002)`, ['name']);
      expect(names(found)).toEqual(['Bob Baker']);
    });

    test('mailboxes that nobody logs on to belong to SELF', async () => {
      expect(names(await search(resource, '(msExchMasterAccountSid=S-1-5-10)', ['name']))).toEqual([
        'Beamer',
        'Room 1',
        'Sales',
      ]);
    });

    test('a group has members of both kinds', async () => {
      const [group] = await search(resource, '(name=Mailbox Access)', ['member']);
      expect(values(group, 'member').sort()).toEqual([
        `CN=Bob Baker,OU=Mailboxes,${resource.baseDn}`,
        `CN=Carol Clarke,OU=Mailboxes,${resource.baseDn}`,
        ...[5003, 5006].map((rid) => `CN=${accounts.domainSid}-${rid},CN=ForeignSecurityPrincipals,${resource.baseDn}`),
      ]);
    });

    test('is changed over LDAP: disable, enable, rename, move of a unit, members, links', async () => {
      const [inAccounts, inResource] = [await administrator(accounts), await administrator(resource)];
      const bob = `CN=Bob Baker,OU=People,${accounts.baseDn}`;
      const find = async (domain: SambaDomain, filter: string, attribute: string) =>
        (await search(domain, filter, [attribute])).flatMap((entry) => [entry.dn, ...values(entry, attribute)]);
      try {
        await inAccounts.disable(bob);
        expect(await find(accounts, '(sAMAccountName=bob)', 'userAccountControl')).toEqual([bob, '514']);
        await inAccounts.enable(bob);
        expect(await find(accounts, '(sAMAccountName=bob)', 'userAccountControl')).toEqual([bob, '512']);
        expect(await inAccounts.rename(bob, 'Bob Baker, Jr.')).toBe(`CN=Bob Baker\\, Jr.,OU=People,${accounts.baseDn}`);
        await inAccounts.move(`OU=People,${accounts.baseDn}`, `OU=Staff,OU=Groups,${accounts.baseDn}`);
        expect(await find(accounts, '(sAMAccountName=bob)', 'name')).toEqual([
          `CN=Bob Baker\\, Jr.,OU=Staff,OU=Groups,${accounts.baseDn}`,
          'Bob Baker, Jr.',
        ]);

        const engineers = `CN=Engineers,OU=Lists,${resource.baseDn}`;
        const mailbox = (name: string) => `CN=${name},OU=Mailboxes,${resource.baseDn}`;
        await inResource.addMembers(engineers, [mailbox('Alice Archer')]);
        await inResource.removeMembers(engineers, [mailbox('Dave Dunn')]);
        expect((await find(resource, '(name=Engineers)', 'member')).sort()).toEqual([
          mailbox('Alice Archer'),
          mailbox('Bob Baker'),
          mailbox('Carol Clarke'),
          engineers,
        ]);
        const nora = `${accounts.domainSid}-5006`;
        await inResource.modify(mailbox('Olaf Orphan'), { msExchMasterAccountSid: sidBytes(nora) ?? '' });
        expect(names(await search(resource, `(msExchMasterAccountSid=${nora})`, ['name']))).toEqual(['Olaf Orphan']);
      } finally {
        await Promise.all([inAccounts.close(), inResource.close()]);
      }
      await resetSambaForest('resource-forest');
      expect(await find(accounts, '(sAMAccountName=bob)', 'name')).toEqual([bob, 'Bob Baker']);
    });

    test('svc-sync may read deleted objects, svc-read may not', async () => {
      const admin = await administrator(resource);
      await admin.remove(`CN=Olaf Orphan,OU=Mailboxes,${resource.baseDn}`);
      await admin.close();
      const deleted = (as: 'sync' | 'read') =>
        search(resource, '(&(isDeleted=TRUE)(sAMAccountName=olaf))', ['isDeleted'], { as, showDeleted: true });
      expect((await deleted('sync')).map(({ dn }) => dn)).toEqual([
        expect.stringMatching(/^CN=Olaf Orphan\\0ADEL:[0-9a-f-]{36},CN=Deleted Objects,/),
      ]);
      expect(await deleted('read')).toEqual([]);
    });
  });
}
