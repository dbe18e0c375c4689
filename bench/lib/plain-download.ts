/** A program: sends requests that were sent before, as many at once, and throws the answers away. What reading costs at the least. */
import { readFileSync } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { Pool } from 'undici';
import { basicAuthorization } from '../../src/exchange/ews/authentication.ts';

export interface DownloadJob {
  readonly url: string;
  readonly account: string;
  readonly password: string;
  /** JSON texts, a line each. */
  readonly file: string;
  readonly atOnce: number;
  /** Whether they are unpacked before. */
  readonly unpacked: boolean;
}
export interface Download {
  readonly requests: number;
  readonly bytes: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

const job = JSON.parse(process.argv[2] ?? '{}') as DownloadJob;
const bodies = readFileSync(job.file, 'utf8').split('\n').map((line) => JSON.parse(line) as string);
const { origin, pathname } = new URL(job.url);
const pool = new Pool(origin, { connections: job.atOnce, pipelining: 1 });
const headers = { 'content-type': 'text/xml; charset=utf-8', 'accept-encoding': 'gzip', authorization: basicAuthorization(job.account, job.password) };

let bytes = 0;
let next = 0;
async function worker(): Promise<void> {
  for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
    const answer = await pool.request({ path: pathname, method: 'POST', headers, body });
    if (answer.statusCode !== 200) throw new Error(`HTTP ${answer.statusCode}`);
    for await (const piece of job.unpacked ? answer.body.pipe(createGunzip()) : answer.body) bytes += (piece as Buffer).length;
  }
}

const [began, used] = [performance.now(), process.cpuUsage()];
await Promise.all(Array.from({ length: job.atOnce }, worker));
const { user, system } = process.cpuUsage(used);
const wallSeconds = (performance.now() - began) / 1000;
await pool.close();
const result: Download = {
  requests: bodies.length, bytes, wallSeconds, cpuSeconds: (user + system) / 1e6, peakMiB: Math.round(process.resourceUsage().maxRSS / 1024),
};
process.stdout.write(JSON.stringify(result));
