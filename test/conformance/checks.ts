/** What a directory is asked, and what Windows answers. */
import { Control, EqualityFilter } from 'ldapts';
import { bulkOu } from '../lab/samba/bulk.ts';
import type { Check } from './check.ts';
import { filterChecks } from './filter-checks.ts';
import { baseDn, bulkPeople, netbiosName, password, reader } from './targets.ts';
import type { WireAnswer } from './wire.ts';

const dataCode = ({ code, message }: WireAnswer): string => `${code} ${/data (\w+)/.exec(message)?.[1] ?? ''}`;
const bind =
  (name: string, secret = password): Check['run'] =>
  async ({ anonymous }) =>
    dataCode(await (await anonymous()).bind(name, secret));
const attributeNames = ({ entries: [entry] }: WireAnswer): string[] => Object.keys(entry?.attributes ?? {});
const sizes = ({ entries: [entry] }: WireAnswer): Record<string, number> =>
  Object.fromEntries(Object.entries(entry?.attributes ?? {}).map(([name, values]) => [name, values.length]));
const outcome = ({ code, entries }: WireAnswer): Record<string, number> => ({ code, entries: entries.length });

const people = `OU=People,${baseDn}`;
const carol = `CN=Carol Clarke,${people}`;
const everybody = `CN=Bulk Everybody,${bulkOu}`;
const bulkTotal = bulkPeople + Math.ceil(bulkPeople / 20) + 2;

/** A critical control that no server knows. */
class UnknownControl extends Control {
  constructor() {
    super('1.3.6.1.4.1.99999.1.1', { critical: true });
  }
}

export const checks: readonly Check[] = [
  // Bind. Codes: https://learn.microsoft.com/windows/win32/debug/system-error-codes, in hexadecimal.
  { name: 'bind by user principal name', run: bind(reader), windows: '0 ' },
  { name: 'bind by DN', run: bind(`CN=svc-read,OU=Service,${baseDn}`), windows: '0 ' },
  { name: 'bind by NetBIOS domain and name', run: bind(`${netbiosName}\\svc-read`), windows: '0 ' },
  { name: 'bind in other case', run: bind(reader.toUpperCase()), windows: '0 ' },
  { name: 'bind with a wrong password', run: bind(reader, 'wrong'), windows: '49 52e' },
  { name: 'bind as nobody that there is', run: bind(`nobody@${reader.split('@')[1]}`), windows: '49 52e' },
  { name: 'bind as a disabled account', run: bind(reader.replace('read', 'disabled')), windows: '49 533' },
  {
    name: 'bind as a disabled account with a wrong password',
    run: bind(reader.replace('read', 'disabled'), 'wrong'),
    windows: '49 52e',
  },
  { name: 'bind as a locked account', run: bind(reader.replace('read', 'locked')), windows: '49 775' },
  { name: 'bind as an expired account', run: bind(reader.replace('read', 'expired')), windows: '49 701' },
  {
    name: 'bind as an account that must change its password',
    run: bind(reader.replace('read', 'must-change')),
    windows: '49 773',
  },
  {
    name: 'a name without a password is anonymous, and that succeeds',
    run: async ({ anonymous }) => {
      const connection = await anonymous();
      return [
        (await connection.bind(reader, '')).code,
        (await connection.search({ base: baseDn, scope: 'base' })).code,
      ];
    },
    windows: [0, 1],
  },

  // rootDSE
  {
    name: 'the rootDSE is for everybody, and says that this is AD',
    run: async ({ anonymous }) => {
      const { entries } = await (
        await anonymous()
      ).search({
        base: '',
        scope: 'base',
        attributes: [
          'defaultNamingContext',
          'configurationNamingContext',
          'supportedCapabilities',
          'supportedControl',
          'supportedLDAPVersion',
          'highestCommittedUSN',
        ],
      });
      const text = (name: string) => (entries[0]?.attributes[name] ?? []).map(String);
      return {
        contexts: [...text('defaultNamingContext'), ...text('configurationNamingContext')],
        isAd: text('supportedCapabilities').includes('1.2.840.113556.1.4.800'),
        pages: text('supportedControl').includes('1.2.840.113556.1.4.319'),
        versions: text('supportedLDAPVersion').sort(),
        usn: /^\d+$/.test(text('highestCommittedUSN').join()),
      };
    },
    windows: {
      contexts: [baseDn, `CN=Configuration,${baseDn}`],
      isAd: true,
      pages: true,
      versions: ['2', '3'],
      usn: true,
    },
  },
  {
    name: 'dsServiceName leads to the invocationId',
    run: async ({ bound }) => {
      const connection = await bound();
      const { entries } = await connection.search({ base: '', scope: 'base', attributes: ['dsServiceName'] });
      const service = await connection.search({
        base: String(entries[0]?.attributes['dsServiceName']?.[0]),
        scope: 'base',
        attributes: ['invocationId'],
      });
      return service.entries[0]?.attributes['invocationId']?.map(({ length }) => length);
    },
    windows: [16],
  },

  // Search
  {
    name: 'an anonymous search is refused',
    run: async ({ anonymous }) => outcome(await (await anonymous()).search({ base: baseDn })),
    windows: { code: 1, entries: 0 },
  },
  {
    name: 'a base that is not there names what is',
    run: async ({ search }) => {
      const { code, matchedDn } = await search({ base: `CN=Nobody,OU=Nowhere,${people}` });
      return { code, matchedDn };
    },
    windows: { code: 32, matchedDn: people },
  },
  { name: 'a base that is no name', run: async ({ search }) => (await search({ base: 'nonsense' })).code, windows: 34 },
  {
    name: 'a base in another spelling',
    run: async ({ search }) =>
      (await search({ base: carol.toLowerCase().replaceAll(',', ' , '), scope: 'base' })).entries.map(({ dn }) => dn),
    windows: [carol],
  },
  {
    name: 'a base by GUID',
    run: async ({ search }) => {
      const guid = (await search({ base: carol, scope: 'base', attributes: ['objectGUID'] })).entries[0]?.attributes[
        'objectGUID'
      ]?.[0];
      return (await search({ base: `<GUID=${guid?.toString('hex')}>`, scope: 'base' })).entries.map(({ dn }) => dn);
    },
    windows: [carol],
  },
  {
    name: 'an object by the bytes of its GUID',
    run: async ({ search }) => {
      const group = `CN=Engineering,OU=Groups,${baseDn}`;
      const [entry] = (await search({ base: group, scope: 'base', attributes: ['objectGUID'] })).entries;
      const filter = new EqualityFilter({
        attribute: 'objectGUID',
        value: entry?.attributes['objectGUID']?.[0] ?? Buffer.alloc(0),
      });
      return (await search({ base: baseDn, filter })).entries.map(({ dn }) => dn === group);
    },
    windows: [true],
  },
  {
    name: 'scopes',
    run: async ({ search }) => {
      const entries = async (scope: 'base' | 'one' | 'sub') => (await search({ base: people, scope })).entries.length;
      return [await entries('base'), await entries('one'), await entries('sub')];
    },
    windows: [1, 10, 11],
  },
  {
    name: 'a search of the domain does not enter the configuration',
    run: async ({ search }) => (await search({ base: baseDn, filter: '(objectClass=nTDSDSA)' })).entries.length,
    windows: 0,
  },
  {
    name: 'a critical control that is not known',
    run: async ({ search }) => (await search({ base: baseDn, scope: 'base', controls: [new UnknownControl()] })).code,
    windows: 12,
  },

  // Attributes
  {
    name: 'no attributes',
    run: async ({ search }) => attributeNames(await search({ base: carol, scope: 'base', attributes: ['1.1'] })),
    windows: [],
  },
  {
    name: 'an attribute in other case has the name of the schema',
    run: async ({ search }) =>
      attributeNames(await search({ base: carol, scope: 'base', attributes: ['SAMACCOUNTNAME'] })),
    windows: ['sAMAccountName'],
  },
  {
    name: 'an attribute that the schema does not know is left out',
    run: async ({ search }) =>
      attributeNames(await search({ base: carol, scope: 'base', attributes: ['noSuchAttribute', 'cn'] })),
    windows: ['cn'],
  },
  {
    name: 'types only',
    run: async ({ search }) =>
      sizes(await search({ base: carol, scope: 'base', attributes: ['cn', 'mail'], typesOnly: true })),
    windows: { cn: 0, mail: 0 },
  },
  {
    name: 'memberOf is the direct groups, and comes without being asked for',
    run: async ({ search }) =>
      (await search({ base: carol, scope: 'base' })).entries[0]?.attributes['memberOf']?.map(String).sort(),
    windows: [`CN=Engineering,OU=Groups,${baseDn}`, `CN=Ring A,OU=Groups,${baseDn}`],
  },

  // Limits
  {
    name: 'more entries than a page, without paging',
    run: async ({ search }) => outcome(await search({ base: bulkOu, attributes: ['cn'] })),
    windows: { code: 4, entries: 1000 },
  },
  {
    name: 'a page size above the limit',
    run: async ({ search }) => outcome(await search({ base: bulkOu, attributes: ['cn'], page: { size: 5000 } })),
    windows: { code: 0, entries: 1000 },
  },
  {
    name: 'a size limit of the client',
    run: async ({ search }) => outcome(await search({ base: bulkOu, attributes: ['cn'], sizeLimit: 3 })),
    windows: { code: 4, entries: 3 },
  },
  {
    name: 'pages',
    run: async ({ bound }) => {
      const connection = await bound();
      const names = new Set<string>();
      const counts: number[] = [];
      for (let cookie: Buffer | undefined = Buffer.alloc(0); cookie !== undefined;) {
        const page: WireAnswer = await connection.search({
          base: bulkOu,
          attributes: ['cn'],
          page: { size: 700, cookie },
        });
        for (const { dn } of page.entries) names.add(dn);
        counts.push(page.entries.length);
        cookie = page.cookie?.length === 0 ? undefined : page.cookie;
      }
      return { counts, different: names.size };
    },
    windows: { counts: [700, 700, bulkTotal - 1400], different: bulkTotal },
  },
  {
    name: 'a cookie of another connection',
    run: async ({ bound, search }) => {
      const first = await (await bound()).search({ base: bulkOu, page: { size: 10 } });
      return outcome(await search({ base: bulkOu, page: { size: 10, cookie: first.cookie ?? Buffer.alloc(1) } }));
    },
    windows: { code: 12, entries: 0 },
  },
  {
    name: 'a long attribute',
    run: async ({ search }) => sizes(await search({ base: everybody, scope: 'base', attributes: ['member'] })),
    windows: { member: 0, 'member;range=0-1499': 1500 },
  },
  {
    name: 'a range',
    run: async ({ search }) =>
      sizes(await search({ base: everybody, scope: 'base', attributes: ['member;range=10-19'] })),
    windows: { 'member;range=10-19': 10 },
  },
  {
    name: 'the last range',
    run: async ({ search }) =>
      sizes(await search({ base: everybody, scope: 'base', attributes: ['member;range=1500-*'] })),
    windows: { 'member;range=1500-*': 1 },
  },
  {
    name: 'a range that is too long',
    run: async ({ search }) =>
      sizes(await search({ base: everybody, scope: 'base', attributes: ['member;range=0-*'] })),
    windows: { 'member;range=0-1499': 1500 },
  },

  ...filterChecks,
];
