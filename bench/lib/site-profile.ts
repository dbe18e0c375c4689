/**
 * What the site's part of a full reading consists of, by a CPU profile: the real source in this process, its pages made ready to
 * be sent and thrown away. The peer is ldapts reading the same.
 */
import { createHash } from 'node:crypto';
import { type Profiler, Session } from 'node:inspector/promises';
import { Client } from 'ldapts';
import { attributesToRead } from '../../src/directory/attributes.ts';
import { createLdapSource } from '../../src/directory/ldap-source.ts';
import { takenClasses } from '../../src/directory/taken-objects.ts';
import type { MeasuredDirectory } from './measured-directory.ts';

const SAMPLING_MICROSECONDS = 500;

/** Microseconds of CPU an entry. */
export type Shares = Readonly<Record<string, number>>;

type Place = readonly [name: string, fits: (functionName: string, url: string) => boolean];
/** Where a function of the profile belongs. The first that fits counts. */
const places: readonly Place[] = [
  ['text decoder that throws', (name, url) => url.includes('internal/encoding') || name === 'decodeUTF8'],
  ['text of values', (name) => /^(utf8Slice|latin1Slice|base64Slice|hexSlice|toString|isUtf8|decodeValue)$/.test(name)],
  ['entries', (_, url) => /entry-decoder|ber-cursor|object-guid|security-identifier|value-range|ldapts/.test(url)],
  ['socket and messages', (name, url) => /message-framer|ldap-connection|node:net|stream|node:buffer/.test(url) || name === 'writeBuffer'],
  ['pages', (_, url) => /full-reading|page-builder|whole-entry|taken-objects|prefetch/.test(url)],
  // JSON.stringify and the hash have no name of their own: they count as their caller.
  ['made ready to be sent', (name, url) => url.includes('site-profile') || /^(update|digest|Hash|createHash)$/.test(name)],
  ['garbage collection', (name) => name === '(garbage collector)'],
];
const isNoWork = (name: string, url: string): boolean => ['(idle)', '(root)', '(program)'].includes(name) || url.includes('inspector');

export interface SiteProfile {
  readonly lockstep: Shares;
  readonly ldapts: Shares;
}

export const profileSite = async (from: MeasuredDirectory): Promise<SiteProfile> => ({
  lockstep: await profiled(() => readByLockstep(from)),
  ldapts: await profiled(() => readByLdapts(from)),
});

async function readByLockstep(from: MeasuredDirectory): Promise<number> {
  const { host, port, bind: account, base: baseDn, password } = from;
  const source = createLdapSource({ settings: { host, port, security: 'plain', account, baseDn, acknowledgeDisabled: true }, password });
  let entries = 0;
  for await (const page of source.read(new AbortController().signal)) {
    createHash('sha256').update(Buffer.from(JSON.stringify({ ...page, findings: undefined }))).digest('hex');
    entries += page.entries.length;
  }
  return entries;
}

async function readByLdapts(from: MeasuredDirectory): Promise<number> {
  const client = new Client({ url: from.url });
  await client.bind(from.bind, from.password);
  let entries = 0;
  const pages = client.searchPaginated(from.base, {
    scope: 'sub', filter: takenClasses.toString(), attributes: ['objectGUID', 'uSNChanged', 'member', ...attributesToRead()], paged: { pageSize: 500 }, timeLimit: 0,
  });
  for await (const { searchEntries } of pages) entries += searchEntries.length;
  await client.unbind();
  return entries;
}

/** The second of two readings: the first compiles. */
async function profiled(read: () => Promise<number>): Promise<Shares> {
  await read();
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_MICROSECONDS });
  await session.post('Profiler.start');
  const before = process.cpuUsage();
  const entries = await read();
  const { user, system } = process.cpuUsage(before);
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return shares(profile, (user + system) / entries);
}

/** The profile's samples say what the time was for, the kernel how much of it was CPU: both sides may have to wait for one. */
function shares({ nodes, samples = [] }: Profiler.Profile, microsPerEntry: number): Shares {
  const frames = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const counts = new Map<string, number>([...places.map(([place]) => [place, 0] as const), ['rest', 0]]);
  for (const id of samples) {
    const { functionName = '', url = '' } = frames.get(id) ?? {};
    if (isNoWork(functionName, url)) continue;
    const place = places.find(([, fits]) => fits(functionName, url))?.[0] ?? 'rest';
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const tenths = (value: number): number => Math.round(value * 10) / 10;
  return { ...Object.fromEntries([...counts].map(([place, count]) => [place, tenths((count / all) * microsPerEntry)])), all: tenths(microsPerEntry) };
}
