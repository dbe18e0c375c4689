/** What processes use, by the kernel's own count (proc(5)): CPU seconds so far and peak resident memory. Linux only. */
import { readFileSync } from 'node:fs';

export interface Usage {
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

/** Clock ticks a second of /proc/<pid>/stat: 100 on every Linux that Node runs on (sysconf(_SC_CLK_TCK)). */
const ticksPerSecond = 100;

/** Of the process with its threads and the children it has waited for; undefined when it is gone. */
export function usageOf(pid: number): Usage | undefined {
  try {
    // The name in brackets may hold spaces; utime, stime, cutime and cstime are fields 14 to 17.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return { cpuSeconds: ticks / ticksPerSecond, peakMiB: Math.round(Number(peak ?? 0) / 1024) };
  } catch {
    return undefined;
  }
}

/** The pid and everything below it. */
export function processTree(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return [pid, ...(children === '' ? [] : children.split(' ').flatMap((child) => processTree(Number(child))))];
  } catch {
    return [];
  }
}

/** Sum over a tree: CPU adds up, and so do the peaks (an upper bound: they need not coincide). */
export function usageOfTree(pid: number): Usage {
  const parts = processTree(pid).map(usageOf);
  return {
    cpuSeconds: parts.reduce((sum, part) => sum + (part?.cpuSeconds ?? 0), 0),
    peakMiB: parts.reduce((sum, part) => sum + (part?.peakMiB ?? 0), 0),
  };
}
