/** Other naming contexts, and what Windows says of them. */
import type { Asking, Check } from './check.ts';
import { BareControl, domainScopeOid } from './dir-sync-control.ts';
import { baseDn, dnsName } from './targets.ts';
import type { WireAnswer } from './wire.ts';

/** The server that an answer names instead of answering. */
const referred = ({ code, message }: WireAnswer): string => `${code} ${/ref 1: '([^']*)'/.exec(message)?.[1] ?? ''}`;
const to =
  (base: string): Check['run'] =>
  async ({ search }) =>
    referred(await search({ base, scope: 'base' }));
const references =
  (base: string, scope: 'base' | 'one' | 'sub'): Check['run'] =>
  async ({ search }: Asking) =>
    [...(await search({ base, scope, filter: '(objectClass=none)' })).references].sort();

const configuration = `CN=Configuration,${baseDn}`;
const ofRoot = [
  `ldap://DomainDnsZones.${dnsName}/DC=DomainDnsZones,${baseDn}`,
  `ldap://ForestDnsZones.${dnsName}/DC=ForestDnsZones,${baseDn}`,
  `ldap://${dnsName}/${configuration}`,
];

export const referralChecks: readonly Check[] = [
  {
    name: 'a base in a domain that is not known is looked for by DNS',
    run: to('OU=People,DC=elsewhere,DC=test'),
    windows: '10 elsewhere.test',
  },
  {
    name: 'a base in another naming context of the forest',
    run: to(`CN=Zone,DC=DomainDnsZones,${baseDn}`),
    windows: `10 DomainDnsZones.${dnsName}`,
  },
  { name: 'a base without a domain is nowhere', run: to('CN=Nobody,O=Nowhere'), windows: '32 ' },
  {
    name: 'a search of the whole domain says where there is more',
    run: references(baseDn, 'sub'),
    windows: ofRoot,
  },
  {
    name: 'a search below the root says so too',
    run: references(baseDn, 'one'),
    windows: ofRoot.map((url) => `${url}??base`),
  },
  { name: 'a look at the root alone does not', run: references(baseDn, 'base'), windows: [] },
  { name: 'a search of a unit does not', run: references(`OU=People,${baseDn}`, 'sub'), windows: [] },
  {
    name: 'a search of the configuration says where the schema is',
    run: references(configuration, 'sub'),
    windows: [`ldap://${dnsName}/CN=Schema,${configuration}`],
  },
  {
    name: 'who wants this domain only is not told',
    run: async ({ search }) =>
      (await search({ base: baseDn, filter: '(objectClass=none)', controls: [new BareControl(domainScopeOid)] }))
        .references,
    windows: [],
  },
  {
    name: 'a search by pages is told once',
    run: async ({ bound }) => {
      const connection = await bound();
      const search = { base: baseDn, filter: '(objectClass=user)', attributes: ['1.1'] };
      const first = await connection.search({ ...search, page: { size: 5 } });
      const page = { size: 500, cookie: first.cookie ?? Buffer.alloc(0) };
      return [...first.references, ...(await connection.search({ ...search, page })).references].sort();
    },
    windows: ofRoot,
  },
  {
    name: 'the configuration names the domains of the forest',
    run: async ({ search }) => {
      const { entries } = await search({
        base: `CN=Partitions,${configuration}`,
        scope: 'one',
        filter: '(&(objectClass=crossRef)(systemFlags:1.2.840.113556.1.4.803:=3))',
        attributes: ['nCName', 'dnsRoot', 'nETBIOSName', 'trustParent'],
      });
      return entries.map(({ attributes }) =>
        Object.entries(attributes)
          .map(([name, values]) => `${name}=${values.join()}`)
          .sort(),
      );
    },
    windows: [[`dnsRoot=${dnsName}`, `nCName=${baseDn}`, 'nETBIOSName=CORP']],
  },
];
