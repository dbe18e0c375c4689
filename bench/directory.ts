/**
 * The whole path of a directory synchronisation (read, post, commit) against ldapsearch reading the same attributes from
 * the same server in the same run. Sources: Samba AD DC (a real domain controller) and slapd (a server so fast that nearly
 * all of the time is the client's).
 *
 *   node bench/directory.ts [--people 20000,100000] [--sources slapd,samba]
 *
 * Aims: at most twice the wall time of ldapsearch; memory of site and server flat from the smaller to the larger size.
 * Needs ldap-utils, and slapd or Samba. Data on /dev/shm where there is one. Prints its figures last as one JSON line.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { attributesToRead } from '../src/directory/attributes.ts';
import { until } from '../test/lab/component.ts';
import stopAll from '../test/lab/global-teardown.ts';
import { Lockstep } from '../test/lab/lockstep.ts';
import { freePort } from '../test/lab/ports.ts';
import { loadSamba, resetSamba, samba } from '../test/lab/samba.ts';
import { bulk } from '../test/lab/samba/bulk.ts';
import { slapdAccount, slapdBase, startSlapd } from './lib/slapd.ts';
import { type Usage, usageOfTree } from './lib/usage.ts';

const aimWallRatio = 2;
/** A garbage-collected heap breathes: flat means that five times the directory does not even need half as much again. */
const aimMemoryRatio = 1.5;
const filter = '(|(mail=*)(proxyAddresses=*)(objectClass=group)(objectClass=msExchDynamicDistributionList)(objectClass=publicFolder))';

const { values } = parseArgs({
  options: { people: { type: 'string', default: '20000,100000' }, sources: { type: 'string', default: 'slapd,samba' } },
});
const sizes = values.people.split(',').map(Number);
const sources = values.sources.split(',');

interface Source {
  readonly name: string;
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly base: string;
  readonly bind: string;
  readonly password: string;
  readonly pid: number;
  stop(): Promise<void>;
}

interface Measured {
  readonly source: string;
  readonly people: number;
  readonly entries: number;
  readonly ldapsearch: { readonly wallSeconds: number; readonly cpuSeconds: number; readonly serverCpuSeconds: number };
  readonly lockstep: {
    readonly wallSeconds: number;
    readonly entriesPerSecond: number;
    readonly cpuSeconds: Readonly<Record<string, number>>;
    readonly directoryServerCpuSeconds: number;
    readonly peakMiB: Readonly<Record<string, number>>;
  };
  /** The same again, with nothing changed. */
  readonly again: { readonly wallSeconds: number };
  readonly wallRatio: number;
}

const seconds = (ms: number): number => Math.round(ms / 10) / 100;
const round = (value: number): number => Math.round(value * 100) / 100;

async function source(name: string, people: number): Promise<Source> {
  if (name === 'slapd') {
    const port = await freePort();
    const server = await startSlapd(await mkdtemp(`${process.env['LOCKSTEP_LAB'] ?? ''}/slapd-`), port, people);
    return { name, url: server.url, host: '127.0.0.1', port, base: slapdBase, ...slapdAccount, pid: server.pid, stop: () => server.stop() };
  }
  const present = await samba();
  if ('skip' in present) throw new Error(present.skip);
  await resetSamba();
  const domain = await loadSamba(bulk({ people }));
  const { bind, password } = domain.accounts.sync;
  return { name, url: domain.ldapUrl, host: domain.address, port: 389, base: domain.baseDn, bind, password, pid: domain.pid, stop: async () => undefined };
}

/** Reads everything to /dev/null; the shell's own record of its ended children says what ldapsearch used. */
async function runLdapsearch(from: Source): Promise<{ wallSeconds: number; cpuSeconds: number; serverCpuSeconds: number; entries: number }> {
  const before = usageOfTree(from.pid);
  const start = performance.now();
  const command =
    `ldapsearch -x -LLL -o ldif-wrap=no -H "$1" -D "$2" -w "$3" -E pr=1000/noprompt -b "$4" "$5" objectGUID member ${attributesToRead().join(' ')} ` +
    `| { grep -c '^dn:' ; } ; cat /proc/$$/stat`;
  const child = spawn('sh', ['-c', command, 'sh', from.url, from.bind, from.password, from.base, filter], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await once(child, 'close');
  const wallSeconds = seconds(performance.now() - start);
  const [entries, stat = ''] = output.trim().split('\n');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const cpuSeconds = (Number(fields[13]) + Number(fields[14])) / 100;
  return { wallSeconds, cpuSeconds, serverCpuSeconds: round(usageOfTree(from.pid).cpuSeconds - before.cpuSeconds), entries: Number(entries) };
}

interface Run {
  readonly id: string;
  readonly state: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly totals: Readonly<Record<string, number>>;
}

async function sync(lockstep: Lockstep): Promise<Run> {
  const { body } = await lockstep.api<Run>('POST', '/directories/bench/sync');
  let run = body;
  await until('the sync has ended', async () => {
    run = (await lockstep.api<Run>('GET', `/runs/${body.id}`)).body;
    return run.finishedAt !== null;
  }, 1_800_000);
  if (run.state !== 'succeeded' && run.state !== 'partial') throw new Error(`the sync ended as ${run.state}: ${JSON.stringify(run)}`);
  return run;
}
const wallOf = (run: Run): number => seconds(Date.parse(run.finishedAt ?? '') - Date.parse(run.startedAt));

async function measure(name: string, people: number): Promise<Measured> {
  console.error(`${name}, ${people} people: loading`); // eslint-disable-line no-console
  const from = await source(name, people);
  const lockstep = await Lockstep.start();
  try {
    const added = await lockstep.api('POST', '/directories', {
      name: 'bench',
      site: 'local',
      settings: { host: from.host, port: from.port, security: 'plain', account: from.bind, baseDn: from.base, acknowledgeDisabled: true },
      password: from.password,
    });
    if (added.status !== 201) throw new Error(JSON.stringify(added.body));
    await runLdapsearch(from); // warms the server's caches for both
    const peer = await runLdapsearch(from);
    const parts = ['server', 'site', 'postgresql', 'temporal'];
    const usages = () => Object.fromEntries(parts.map((part) => [part, usageOfTree(lockstep.pidOf(part))])) as Record<string, Usage>;
    const [before, directoryBefore] = [usages(), usageOfTree(from.pid)];
    const run = await sync(lockstep);
    const [after, directoryAfter] = [usages(), usageOfTree(from.pid)];
    const again = await sync(lockstep);
    if (run.totals['seen'] !== peer.entries) throw new Error(`lockstep saw ${run.totals['seen']} entries, ldapsearch ${peer.entries}`);
    const wallSeconds = wallOf(run);
    const result: Measured = {
      source: name,
      people,
      entries: peer.entries,
      ldapsearch: { wallSeconds: peer.wallSeconds, cpuSeconds: peer.cpuSeconds, serverCpuSeconds: peer.serverCpuSeconds },
      lockstep: {
        wallSeconds,
        entriesPerSecond: Math.round(peer.entries / wallSeconds),
        cpuSeconds: Object.fromEntries(parts.map((part) => [part, round((after[part]?.cpuSeconds ?? 0) - (before[part]?.cpuSeconds ?? 0))])),
        directoryServerCpuSeconds: round(directoryAfter.cpuSeconds - directoryBefore.cpuSeconds),
        peakMiB: Object.fromEntries(parts.map((part) => [part, after[part]?.peakMiB ?? 0])),
      },
      again: { wallSeconds: wallOf(again) },
      wallRatio: round(wallSeconds / peer.wallSeconds),
    };
    console.error(JSON.stringify(result)); // eslint-disable-line no-console
    return result;
  } finally {
    await lockstep.stop();
    await from.stop();
  }
}

process.env['LOCKSTEP_LAB'] = await mkdtemp(`${existsSync('/dev/shm') ? '/dev/shm' : tmpdir()}/lockstep-bench-`);
try {
  const results: Measured[] = [];
  for (const name of sources) for (const people of sizes) results.push(await measure(name, people));
  const memory = sources.flatMap((name) => {
    const [small, large] = [results.find((r) => r.source === name), results.findLast((r) => r.source === name)];
    return small === undefined || large === undefined || small === large
      ? []
      : ['server', 'site'].map((part) => ({
          source: name,
          part,
          ratio: round((large.lockstep.peakMiB[part] ?? 0) / (small.lockstep.peakMiB[part] ?? 1)),
        }));
  });
  console.log( // eslint-disable-line no-console
    JSON.stringify({
      bench: 'directory',
      date: new Date().toISOString(),
      node: process.version,
      machine: `${cpus().length} × ${cpus()[0]?.model ?? ''}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
      results,
      aims: [
        ...results.map((r) => ({ aim: `${r.source}, ${r.people} people: at most ${aimWallRatio} times the wall time of ldapsearch`, figure: r.wallRatio, met: r.wallRatio <= aimWallRatio })),
        ...memory.map((m) => ({ aim: `${m.source}: peak memory of the ${m.part} flat (at most ${aimMemoryRatio} times)`, figure: m.ratio, met: m.ratio <= aimMemoryRatio })),
      ],
    }),
  );
} finally {
  await stopAll();
}
