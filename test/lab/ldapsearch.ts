/** Reads a directory with OpenLDAP's ldapsearch: a second opinion that shares no code with Lockstep. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface LdapsearchOptions {
  readonly url: string;
  readonly bind?: string;
  readonly password?: string;
  readonly caFile?: string;
  /** StartTLS on an ldap:// address. */
  readonly startTls?: boolean;
  readonly base: string;
  readonly scope?: 'base' | 'one' | 'sub';
  readonly filter?: string;
  readonly attributes?: readonly string[];
  /** Reads by pages of this size. */
  readonly pageSize?: number;
  readonly sizeLimit?: number;
  /** Asks for tombstones too (1.2.840.113556.1.4.417). */
  readonly showDeleted?: boolean;
}
export interface LdifEntry {
  readonly dn: string;
  /** By the name that the server used, options included. Bytes: what is text is for the reader to say. */
  readonly attributes: Readonly<Record<string, readonly Buffer[]>>;
}
export interface LdapsearchResult {
  /** LDAP result code: ldapsearch's exit code. */
  readonly code: number;
  /** What the server or the tool said about it. */
  readonly message: string;
  readonly entries: readonly LdifEntry[];
}

/** Searches and parses the LDIF (RFC 2849, lines not wrapped). Never rejects because of a result code. */
export async function ldapsearch(options: LdapsearchOptions): Promise<LdapsearchResult> {
  const child = spawn('ldapsearch', argumentsOf(options), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(options.caFile === undefined ? {} : { LDAPTLS_CACERT: options.caFile }) },
  });
  let message = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (message += text));
  const ended = once(child, 'close') as Promise<[number | null]>;
  const entries = await parseLdif(createInterface({ input: child.stdout }));
  const [code] = await ended;
  return { code: code ?? -1, message, entries };
}

const argumentsOf = (options: LdapsearchOptions): string[] => [
  '-x',
  '-LLL',
  '-o',
  'ldif-wrap=no',
  '-o',
  'nettimeout=10',
  '-H',
  options.url,
  ...(options.startTls === true ? ['-ZZ'] : []),
  ...(options.bind === undefined ? [] : ['-D', options.bind, '-w', options.password ?? '']),
  ...(options.pageSize === undefined ? [] : ['-E', `pr=${options.pageSize}/noprompt`]),
  ...(options.showDeleted === true ? ['-E', '!1.2.840.113556.1.4.417'] : []),
  ...(options.sizeLimit === undefined ? [] : ['-z', String(options.sizeLimit)]),
  '-b',
  options.base,
  '-s',
  options.scope ?? 'sub',
  options.filter ?? '(objectClass=*)',
  ...(options.attributes ?? []),
];

async function parseLdif(lines: AsyncIterable<string>): Promise<LdifEntry[]> {
  const entries: LdifEntry[] = [];
  let attributes: Record<string, Buffer[]> | undefined;
  for await (const line of lines) {
    if (line === '') attributes = undefined;
    const match = /^([^:#\s][^:]*):(:?) ?(.*)$/.exec(line);
    if (match === null) continue; // comments, and references to other naming contexts
    const [, name = '', base64, text = ''] = match;
    const value = Buffer.from(text, base64 === ':' ? 'base64' : 'utf8');
    if (name === 'dn') entries.push({ dn: value.toString(), attributes: (attributes = {}) });
    else if (attributes !== undefined) (attributes[name] ??= []).push(value);
  }
  return entries;
}
