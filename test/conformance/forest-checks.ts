/** A parent domain is asked about its child, and what Windows answers. */
import type { Check } from './check.ts';
import { corp, emea } from '../lab/samba/domain.ts';

const { baseDn } = corp;

export const forestChecks: readonly Check[] = [
  {
    name: 'forest: a base in the child domain',
    run: async ({ search }) => {
      const { code, message } = await search({ base: `OU=People,${emea.baseDn}` });
      return { code, at: /ref 1: '([^']*)'/.exec(message)?.[1] };
    },
    windows: { code: 10, at: emea.dnsName },
  },
  {
    name: 'forest: a search of the parent domain refers to the child',
    run: async ({ search }) =>
      (await search({ base: baseDn, filter: '(objectClass=none)' })).references.filter((url) => url.includes('emea')),
    windows: [`ldap://${emea.dnsName}/${emea.baseDn}`],
  },
  {
    name: 'forest: nothing of the child is found in the parent',
    run: async ({ search }) => (await search({ base: baseDn, filter: '(sAMAccountName=gwen)' })).entries.length,
    windows: 0,
  },
  {
    name: 'forest: the child is among the domains, and whose child it is',
    run: async ({ search }) => {
      const { entries } = await search({
        base: `CN=Partitions,CN=Configuration,${baseDn}`,
        filter: '(&(objectClass=crossRef)(systemFlags=3))',
        attributes: ['nCName', 'dnsRoot', 'nETBIOSName', 'trustParent'],
      });
      return entries
        .map(({ attributes }) =>
          Object.entries(attributes)
            .map(([name, values]) => `${name}=${values.join()}`)
            .sort(),
        )
        .sort();
    },
    windows: [
      [`dnsRoot=${corp.dnsName}`, `nCName=${baseDn}`, 'nETBIOSName=CORP'],
      [
        `dnsRoot=${emea.dnsName}`,
        `nCName=${emea.baseDn}`,
        'nETBIOSName=EMEA',
        `trustParent=CN=CORP,CN=Partitions,CN=Configuration,${baseDn}`,
      ],
    ],
  },
  {
    name: 'forest: the crossRef of a domain is found by the domain',
    run: async ({ search }) =>
      (
        await search({
          base: `CN=Partitions,CN=Configuration,${baseDn}`,
          filter: `(nCName=${emea.baseDn})`,
          attributes: ['1.1'],
        })
      ).entries.length,
    windows: 1,
  },
  {
    name: 'forest: members of the child are named by their DNs',
    run: async ({ search }) => {
      const { entries } = await search({ base: baseDn, filter: '(name=Joint Project)', attributes: ['member'] });
      return (entries[0]?.attributes['member'] ?? [])
        .map((value) => String(value).replace(/^CN=([^,]*),.*?,(DC=.*)$/, '$1 of $2'))
        .sort();
    },
    windows: [`Engineering of ${baseDn}`, `Gwen Green of ${emea.baseDn}`, `Hugo Hall of ${emea.baseDn}`],
  },
  {
    name: 'forest: the rootDSE names the root domain',
    run: async ({ anonymous }) => {
      const { entries } = await (
        await anonymous()
      ).search({
        base: '',
        scope: 'base',
        attributes: ['defaultNamingContext', 'rootDomainNamingContext', 'configurationNamingContext'],
      });
      return Object.fromEntries(
        Object.entries(entries[0]?.attributes ?? {}).map(([name, values]) => [name, values.join()]),
      );
    },
    windows: {
      defaultNamingContext: baseDn,
      rootDomainNamingContext: baseDn,
      configurationNamingContext: `CN=Configuration,${baseDn}`,
    },
  },
];
