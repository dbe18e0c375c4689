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

/** Where a function of the profile belongs. The first that fits counts. */
const sitePlaces: readonly (readonly [string, (name: string, url: string) => boolean])[] = [
  ['text decoder that throws', (name, url) => url.includes('internal/encoding') || name === 'decode'],
  ['send: JSON and hash', (name, url) => /JSON|stringify|Hash|update|digest/.test(name) || url.includes('site-profile')],
  ['decode: text of values', (name) => /^(utf8Slice|latin1Slice|base64Slice|hexSlice|toString|slice|isUtf8|decodeValue)$/.test(name)],
  ['decode: entries', (_, url) => /entry-decoder|ber-cursor|object-guid|security-identifier|value-range/.test(url)],
  ['read: socket and framing', (_, url) => /message-framer|ldap-connection|node:net|stream|node:buffer|internal\/buffer/.test(url)],
  ['pages', (_, url) => /full-reading|page-builder|whole-entry|taken-objects|prefetch/.test(url)],
  ['garbage collection', (name) => name === '(garbage collector)'],
];
const ldaptsPlaces: typeof sitePlaces = [
  ['text decoder that throws', (name, url) => url.includes('internal/encoding') || name === 'decode'],
  ['garbage collection', (name) => name === '(garbage collector)'],
];

export interface SiteProfile {
  readonly lockstep: Shares;
  readonly ldapts: Shares;
}

export async function profileSite(from: MeasuredDirectory): Promise<SiteProfile> {
  return {
    lockstep: await profiled(sitePlaces, () => readByLockstep(from)),
    ldapts: await profiled(ldaptsPlaces, () => readByLdapts(from)),
  };
}

async function readByLockstep(from: MeasuredDirectory): Promise<number> {
  const { host, port, bind: account, base: baseDn, password } = from;
  const source = createLdapSource({ settings: { host, port, security: 'plain', account, baseDn, acknowledgeDisabled: true }, password });
  let entries = 0;
  for await (const { findings: _, ...page } of source.read(new AbortController().signal)) {
    createHash('sha256').update(Buffer.from(JSON.stringify(page))).digest('hex');
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

async function profiled(places: typeof sitePlaces, read: () => Promise<number>): Promise<Shares> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_MICROSECONDS });
  await session.post('Profiler.start');
  const entries = await read();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return shares(profile, places, entries);
}

function shares({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile, places: typeof sitePlaces, entries: number): Shares {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const micros = new Map<string, number>([...places.map(([place]) => [place, 0] as const), ['other', 0]]);
  samples.forEach((id, index) => {
    const { functionName = '', url = '' } = byId.get(id) ?? {};
    if (functionName === '(idle)' || functionName === '(root)') return;
    const place = places.find(([, fits]) => fits(functionName, url))?.[0] ?? 'other';
    micros.set(place, (micros.get(place) ?? 0) + (timeDeltas[index] ?? 0));
  });
  const all = [...micros.values()].reduce((sum, value) => sum + value, 0);
  const rounded = (value: number): number => Math.round((value / entries) * 10) / 10;
  return { ...Object.fromEntries([...micros].map(([place, value]) => [place, rounded(value)])), all: rounded(all) };
}
