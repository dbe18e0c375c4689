/**
 * The whole path of a directory by the real programs (`lockstep up`): a full reading (read, send, commit) against ldapsearch
 * reading the same from the same server in the same run; a hundred changes by DirSync; and a poll with nothing to do. Sources:
 * Samba AD DC (a real domain controller), the sample directory (changes only), and slapd (full reading only: a server so fast
 * that nearly all of the time is the client's).
 *
 *   node bench/directory.ts [--objects 20000,100000] [--sources slapd,samba,sample]
 *
 * N objects have 5 N memberships: lib/directory-size.ts. Needs ldap-utils, and slapd or Samba. Data on /dev/shm where there is
 * one. Prints its figures last as one JSON line with a verdict for each aim; the figures of each step go to stderr as they come.
 */
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import stopAll from '../test/lab/global-teardown.ts';
import { Lockstep } from '../test/lab/lockstep.ts';
import { type ChangePolls, measureChangePolls } from './lib/change-polls.ts';
import { type DirectorySize, directorySize } from './lib/directory-size.ts';
import { type FullReading, measureFullReading, measurePeer } from './lib/full-reading.ts';
import type { PeerReading } from './lib/ldapsearch.ts';
import { openDirectory, type SourceName, sourceNames } from './lib/measured-directory.ts';
import { hundredths } from './lib/rounded.ts';
import { profileSite, type SiteProfile } from './lib/site-profile.ts';

const aims = {
  wallRatio: 2,
  fullSeconds: 300,
  deltaSeconds: 2,
  nothingSeconds: 1,
  /** A garbage-collected heap breathes: flat means that five times the directory does not even need half as much again. */
  memoryRatio: 1.5,
};

interface Measured {
  readonly source: SourceName;
  readonly objects: number;
  readonly memberships: number;
  readonly loadSeconds: number;
  readonly ldapsearch?: PeerReading;
  readonly full: FullReading;
  readonly wallRatio?: number;
  /** A full reading again, with nothing changed. */
  readonly again: FullReading;
  readonly polls?: ChangePolls;
  readonly siteMicrosecondsPerEntry?: SiteProfile;
}

const { values } = parseArgs({
  options: { objects: { type: 'string', default: '20000,100000' }, sources: { type: 'string', default: sourceNames.join(',') } },
});
const sizes = values.objects.split(',').map((count) => directorySize(Number(count)));
const sources = sourceNames.filter((name) => values.sources.split(',').includes(name));
/** Each step on stderr: the last line of stdout is for programs. */
const say = (text: string): void => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

async function measure(source: SourceName, size: DirectorySize): Promise<Measured> {
  const { objects, memberships } = size;
  say(`${source}, ${objects} objects, ${memberships} memberships: loading`);
  const start = performance.now();
  const from = await openDirectory[source](size);
  const loadSeconds = hundredths((performance.now() - start) / 1000);
  const lockstep = await Lockstep.start();
  try {
    const peer = from.peer ? await measurePeer(from) : undefined;
    say(`loaded in ${loadSeconds} s; ldapsearch ${JSON.stringify(peer)}`);
    const added = await lockstep.api('POST', '/directories', {
      name: 'bench',
      site: 'local',
      settings: { host: from.host, port: from.port, security: 'plain', account: from.bind, baseDn: from.base, acknowledgeDisabled: true },
      password: from.password,
    });
    if (added.status !== 201) throw new Error(JSON.stringify(added.body));
    const full = await measureFullReading(lockstep, from);
    say(`full ${JSON.stringify(full)}`);
    if (full.members < memberships) throw new Error(`lockstep read ${full.members} of ${memberships} memberships`);
    // Trust accounts are read and left out: a domain alone has none.
    if (peer !== undefined && full.entries !== peer.entries) throw new Error(`lockstep took ${full.entries} entries, ldapsearch ${peer.entries}`);
    const again = await measureFullReading(lockstep, from);
    say(`again ${JSON.stringify(again)}`);
    const polls = from.edits === undefined ? undefined : await measureChangePolls(lockstep, from, from.edits, size);
    if (polls !== undefined) say(`changes ${JSON.stringify(polls)}`);
    const profile = source === 'slapd' ? await profileSite(from) : undefined;
    if (profile !== undefined) say(`profile ${JSON.stringify(profile)}`);
    return {
      source, objects, memberships, loadSeconds, full, again,
      ...(peer === undefined ? {} : { ldapsearch: peer, wallRatio: hundredths(full.wallSeconds / peer.wallSeconds) }),
      ...(polls === undefined ? {} : { polls }),
      ...(profile === undefined ? {} : { siteMicrosecondsPerEntry: profile }),
    };
  } finally {
    await lockstep.stop();
    await from.stop();
  }
}

interface Verdict {
  readonly aim: string;
  readonly figure: number;
  readonly met: boolean;
}
const verdict = (aim: string, figure: number | undefined, most: number): Verdict[] => (figure === undefined ? [] : [{ aim, figure, met: figure <= most }]);

function verdictsOf({ source, objects, full, wallRatio, polls }: Measured): Verdict[] {
  const of = `${source}, ${objects} objects`;
  return [
    ...verdict(`${of}: a full reading in at most ${aims.fullSeconds} s`, full.wallSeconds, aims.fullSeconds),
    ...verdict(`${of}: a full reading in at most ${aims.wallRatio} times the wall time of ldapsearch`, wallRatio, aims.wallRatio),
    ...verdict(`${of}: ${polls?.changes ?? 0} changes in at most ${aims.deltaSeconds} s`, polls?.deltaSeconds, aims.deltaSeconds),
    ...verdict(`${of}: nothing to do in at most ${aims.nothingSeconds} s`, polls?.nothingSeconds, aims.nothingSeconds),
  ];
}

function memoryVerdicts(results: readonly Measured[]): Verdict[] {
  return sources.flatMap((source) => {
    const [small, large] = [results.find((one) => one.source === source), results.findLast((one) => one.source === source)];
    if (small === undefined || large === undefined || small === large) return [];
    return (['server', 'site'] as const).flatMap((part) => {
      const ratio = hundredths((large.full.peakMiB[part] ?? 0) / (small.full.peakMiB[part] ?? 1));
      return verdict(`${source}: peak memory of the ${part} flat (at most ${aims.memoryRatio} times)`, ratio, aims.memoryRatio);
    });
  });
}

process.env['LOCKSTEP_LAB'] = await mkdtemp(`${existsSync('/dev/shm') ? '/dev/shm' : tmpdir()}/lockstep-bench-`);
try {
  const results: Measured[] = [];
  for (const source of sources) for (const size of sizes) results.push(await measure(source, size));
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? ''}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const verdicts = [...results.flatMap(verdictsOf), ...memoryVerdicts(results)];
  process.stdout.write(`${JSON.stringify({ bench: 'directory', date: new Date().toISOString(), node: process.version, machine, results, aims: verdicts })}\n`);
} finally {
  await stopAll();
}
