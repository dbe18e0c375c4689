/** Directories as ldapsearch reads them: shares no code with Lockstep. */
import { ldapsearch, type LdapsearchOptions, type LdifEntry } from '../ldapsearch.ts';

/** Where a directory is, and who reads it. */
export interface PlainDirectory {
  /** Of the directory among those of the test. */
  readonly role: string;
  readonly baseDn: string;
  readonly reader: Pick<LdapsearchOptions, 'url' | 'bind' | 'password' | 'caFile'>;
}

export interface PlainObject {
  readonly role: string;
  readonly guid: string;
  readonly dn: string;
  readonly className: string;
  /** Text, by name. Bytes of `objectSid`, `sIDHistory` and `msExchMasterAccountSid` in hex. */
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}

/** All people, groups and foreign principals of these directories. */
export async function readPlainly(domains: readonly PlainDirectory[]): Promise<PlainObject[]> {
  const objects: PlainObject[] = [];
  for (const domain of domains) {
    const filter = '(|(objectClass=user)(objectClass=group)(objectClass=foreignSecurityPrincipal))';
    for (const entry of await search(domain, { filter, attributes: ['*'] })) {
      const values = await wholeValues(domain, entry);
      const attributes = Object.fromEntries(
        Object.entries(values).map(([name, some]) => [name, some.map((value) => value.toString(binary.has(name) ? 'hex' : 'utf8'))]),
      );
      const [guid] = values['objectGUID'] ?? [];
      objects.push({ role: domain.role, guid: canonical(guid ?? Buffer.alloc(16)), dn: entry.dn, className: attributes['objectClass']?.at(-1) ?? '', attributes });
    }
  }
  return objects;
}

const binary = new Set(['objectGUID', 'objectSid', 'sIDHistory', 'msExchMasterAccountSid']);

/** MS-DTYP §2.3.4: the first three groups are little-endian. */
function canonical(bytes: Buffer): string {
  const groups = [bytes.subarray(0, 4).reverse(), bytes.subarray(4, 6).reverse(), bytes.subarray(6, 8).reverse(), bytes.subarray(8, 10), bytes.subarray(10)];
  return groups.map((group) => Buffer.from(group).toString('hex')).join('-');
}

/** Values that do not fit one answer come as `member;range=0-3` and are asked on. */
async function wholeValues(domain: PlainDirectory, entry: LdifEntry): Promise<Record<string, Buffer[]>> {
  const whole: Record<string, Buffer[]> = {};
  for (const [option, values] of Object.entries(entry.attributes)) {
    const [name = '', range] = option.split(';range=');
    const list = (whole[name] ??= []);
    list.push(...values);
    for (let last = range?.split('-')[1]; last !== undefined && last !== '*'; ) {
      const [more] = await search(domain, { base: entry.dn, scope: 'base', filter: '(objectClass=*)', attributes: [`${name};range=${Number(last) + 1}-*`] });
      const [next, found] = Object.entries(more?.attributes ?? {}).find(([key]) => key.startsWith(`${name};range=`)) ?? [];
      if (next === undefined || found === undefined) throw new Error(`${entry.dn}: ${name} ends at ${last}`);
      list.push(...found);
      last = next.split('-').at(-1);
    }
  }
  return whole;
}

async function search(
  { reader, baseDn }: PlainDirectory,
  options: { readonly base?: string; readonly scope?: 'base'; readonly filter: string; readonly attributes: readonly string[] },
): Promise<readonly LdifEntry[]> {
  const { code, message, entries } = await ldapsearch({ ...reader, base: baseDn, pageSize: 500, ...options });
  if (code !== 0) throw new Error(`ldapsearch ended with ${code}: ${message}`);
  return entries;
}
