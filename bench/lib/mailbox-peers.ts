/** What the reading of mailboxes is measured against: exchangelib (Python), and a client that only downloads. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buffer } from 'node:stream/consumers';
import type { MeasuredExchange } from './measured-exchange.ts';
import type { Download, DownloadJob } from './plain-download.ts';
import { hundredths } from './rounded.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
/** Requests in flight: DEFAULT_MAX_REQUESTS of the EWS source. */
export const AT_ONCE = 20;

export interface PeerReading {
  readonly messages: number;
  readonly contentBytes: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

/** `python`: of an environment with exchangelib. */
export async function readByExchangelib(python: string, { access }: MeasuredExchange, mailboxes: number, content: boolean): Promise<PeerReading> {
  const { url, account, password, addresses } = access;
  const job = { url, account, password, addresses: addresses.slice(0, mailboxes), content, atOnce: AT_ONCE };
  return rounded(JSON.parse(await output(python, [here('read_mailboxes.py')], JSON.stringify(job))) as PeerReading);
}

/** The same requests as those in the file. */
export async function download({ access }: MeasuredExchange, file: string, unpacked: boolean): Promise<Download> {
  const { url, account, password } = access;
  const job: DownloadJob = { url, account, password, file, atOnce: AT_ONCE, unpacked };
  return rounded(JSON.parse(await output(process.execPath, [here('plain-download.ts'), JSON.stringify(job)], '')) as Download);
}

const rounded = <T extends { readonly wallSeconds: number; readonly cpuSeconds: number }>(reading: T): T => ({
  ...reading,
  wallSeconds: hundredths(reading.wallSeconds),
  cpuSeconds: hundredths(reading.cpuSeconds),
});

async function output(command: string, args: readonly string[], input: string): Promise<string> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  child.stdin.end(input);
  const [text, code] = await Promise.all([buffer(child.stdout), ended]);
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
  return text.toString('utf8');
}
