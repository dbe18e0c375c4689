/** A first synchronisation by the real programs, and the same again with nothing changed, against ldapsearch. */
import { until } from '../../test/lab/component.ts';
import type { Lockstep } from '../../test/lab/lockstep.ts';
import { type PeerReading, readByLdapsearch } from './ldapsearch.ts';
import type { MeasuredDirectory } from './measured-directory.ts';
import { hundredths } from './rounded.ts';
import { usageOfTree } from './usage.ts';

const parts = ['server', 'site', 'postgresql', 'temporal'] as const;
const LONGEST_MS = 1_800_000;

export interface FullReading {
  readonly wallSeconds: number;
  /** Of the wall time: what the site waited for the platform to commit pages; the rest it waited for the directory. */
  readonly commitSeconds: number;
  readonly entries: number;
  readonly members: number;
  readonly entriesPerSecond: number;
  readonly cpuSeconds: Readonly<Record<string, number>>;
  readonly directoryServerCpuSeconds: number;
  readonly peakMiB: Readonly<Record<string, number>>;
}

interface Run {
  readonly id: string;
  readonly state: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly totals: Readonly<Record<string, number>>;
}

export async function measureFullReading(lockstep: Lockstep, from: MeasuredDirectory): Promise<FullReading> {
  const usages = () => parts.map((part) => usageOfTree(lockstep.pidOf(part)));
  const [before, directoryBefore, committedBefore] = [usages(), usageOfTree(from.pid), await committing(lockstep)];
  const run = await sync(lockstep);
  const [after, directoryAfter, committed] = [usages(), usageOfTree(from.pid), await committing(lockstep)];
  const wallSeconds = (Date.parse(run.finishedAt ?? '') - Date.parse(run.startedAt)) / 1000;
  const entries = committed.entries - committedBefore.entries;
  const byPart = (value: (index: number) => number) => Object.fromEntries(parts.map((part, index) => [part, hundredths(value(index))]));
  return {
    wallSeconds: hundredths(wallSeconds),
    commitSeconds: hundredths(committed.seconds - committedBefore.seconds),
    entries,
    members: run.totals['members'] ?? 0,
    entriesPerSecond: Math.round(entries / wallSeconds),
    cpuSeconds: byPart((index) => (after[index]?.cpuSeconds ?? 0) - (before[index]?.cpuSeconds ?? 0)),
    directoryServerCpuSeconds: hundredths(directoryAfter.cpuSeconds - directoryBefore.cpuSeconds),
    peakMiB: byPart((index) => after[index]?.peakMiB ?? 0),
  };
}

/** Twice: the first one warms the server's caches for both. */
export async function measurePeer(from: MeasuredDirectory): Promise<PeerReading> {
  await readByLdapsearch(from);
  return readByLdapsearch(from);
}

/** Begins a run, or joins the one that a new directory begins by itself, and waits for its end. */
async function sync(lockstep: Lockstep): Promise<Run> {
  const { body } = await lockstep.api<Run>('POST', '/directories/bench/sync');
  let run = body;
  await until('the sync has ended', async () => {
    run = (await lockstep.api<Run>('GET', `/runs/${body.id}`)).body;
    return run.finishedAt !== null;
  }, LONGEST_MS);
  if (run.state !== 'succeeded' && run.state !== 'partial') throw new Error(`the sync ended as ${run.state}: ${JSON.stringify(run)}`);
  return run;
}

/** What the server says of the pages it took: seconds from their request to its answer, and their entries. */
async function committing(lockstep: Lockstep): Promise<{ readonly seconds: number; readonly entries: number }> {
  const lines = (await lockstep.metrics()).split('\n');
  const sum = (begins: (line: string) => boolean) =>
    lines.filter(begins).reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  return {
    seconds: sum((line) => line.startsWith('lockstep_http_request_duration_seconds_sum') && line.includes('/runs/:run/pages/')),
    entries: sum((line) => line.startsWith('lockstep_directory_entries_applied_total ')),
  };
}
