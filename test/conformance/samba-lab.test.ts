import { ldapsearch } from '../lab/ldapsearch.ts';
import { loadSamba, resetSamba, samba, type SambaLab } from '../lab/samba.ts';
import { bulk, bulkOu } from '../lab/samba/bulk.ts';
import { administrator } from '../lab/samba/changes.ts';

const found = await samba();
if ('skip' in found) {
  test.skip(`the lab's domain controller: ${found.skip}`, () => undefined);
} else {
  describe("the lab's domain controller", () => {
    let lab: SambaLab = found;
    const as = (account: SambaLab['accounts']['read']) => ({
      url: lab.ldapUrl,
      bind: account.bind,
      password: account.password,
      base: lab.baseDn,
    });

    test.each(['disabled', 'locked', 'expired', 'mustChange'] as const)(
      'refuses the account that is %s, with the reason of AD',
      async (account) => {
        const reasons = { disabled: '533', locked: '775', expired: '701', mustChange: '773' };
        const { code, message } = await ldapsearch({ ...as(lab.accounts[account]), scope: 'base' });
        expect(code).toBe(49);
        expect(message).toContain(`data ${reasons[account]}`);
      },
    );

    test('answers over LDAPS and StartTLS with a certificate of its own authority', async () => {
      for (const transport of [{ url: lab.ldapsUrl }, { url: lab.ldapUrl, startTls: true }]) {
        const trusted = { ...as(lab.accounts.read), ...transport, caFile: lab.caFile, scope: 'base' as const };
        expect(await ldapsearch(trusted)).toMatchObject({ code: 0, entries: [{ dn: lab.baseDn }] });
        expect((await ldapsearch({ ...trusted, caFile: '/dev/null' })).code).not.toBe(0);
      }
    });

    test('is changed over LDAP, and reset to its seed', async () => {
      const admin = await administrator(lab);
      const dn = `CN=New Person,OU=People,${lab.baseDn}`;
      const moved = `CN=Renamed Person,OU=Contacts,${lab.baseDn}`;
      await admin.create(dn, {
        objectClass: 'user',
        sAMAccountName: 'new',
        proxyAddresses: ['SMTP:a@b.test', 'smtp:c@b.test'],
      });
      await admin.modify(dn, { title: 'Engineer' });
      await admin.addValues(dn, { proxyAddresses: 'smtp:d@b.test' });
      await admin.removeValues(dn, { proxyAddresses: 'smtp:c@b.test' });
      await admin.move(dn, moved);
      await admin.close();
      const search = {
        ...as(lab.accounts.read),
        filter: '(sAMAccountName=new)',
        attributes: ['title', 'proxyAddresses'],
      };
      const [entry] = (await ldapsearch(search)).entries;
      expect(entry?.dn).toBe(moved);
      expect(entry?.attributes['title']).toEqual([Buffer.from('Engineer')]);
      expect(entry?.attributes['proxyAddresses']?.map(String).sort()).toEqual(['SMTP:a@b.test', 'smtp:d@b.test']);
      lab = await resetSamba();
      expect((await ldapsearch(search)).entries).toEqual([]);
    });

    test('takes people and a large group in bulk', async () => {
      lab = await loadSamba(bulk({ people: 1600 }));
      const { entries } = await ldapsearch({ ...as(lab.accounts.read), base: bulkOu, attributes: ['member'] });
      expect(entries).toHaveLength(1 + 1600 + 80 + 1);
      expect(entries.find(({ dn }) => dn.startsWith('CN=Bulk Everybody'))?.attributes['member']).toHaveLength(1600);
    });
  });
}
