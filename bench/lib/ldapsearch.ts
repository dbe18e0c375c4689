import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { attributesToRead } from '../../src/directory/attributes.ts';
import { takenClasses } from '../../src/directory/taken-objects.ts';
import type { MeasuredDirectory } from './measured-directory.ts';
import { hundredths } from './rounded.ts';
import { usageOfTree } from './usage.ts';

export interface PeerReading {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly serverCpuSeconds: number;
  readonly entries: number;
}

/**
 * The peer: everything that a full reading asks for, with its filter and attributes and all members, read to nowhere. The
 * shell's own record of its ended children says what ldapsearch used.
 */
export async function readByLdapsearch(from: MeasuredDirectory): Promise<PeerReading> {
  const before = usageOfTree(from.pid);
  const start = performance.now();
  const command =
    `ldapsearch -x -LLL -o ldif-wrap=no -H "$1" -D "$2" -w "$3" -E pr=1000/noprompt -b "$4" "$5" objectGUID uSNChanged member ${attributesToRead().join(' ')} ` +
    `| { grep -c '^dn:' ; } ; cat /proc/$$/stat`;
  const args = [from.url, from.bind, from.password, from.base, takenClasses.toString()];
  const child = spawn('sh', ['-c', command, 'sh', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await once(child, 'close');
  const wallSeconds = (performance.now() - start) / 1000;
  const [entries, stat = ''] = output.trim().split('\n');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    wallSeconds: hundredths(wallSeconds),
    cpuSeconds: (Number(fields[13]) + Number(fields[14])) / 100,
    serverCpuSeconds: hundredths(usageOfTree(from.pid).cpuSeconds - before.cpuSeconds),
    entries: Number(entries),
  };
}
