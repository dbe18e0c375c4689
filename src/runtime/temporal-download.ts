import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { runProgram } from './programs.ts';

/** No answer, or no byte, for so long means that there is no way out of here (a closed network drops packets silently). */
const SILENCE_MS = 15_000;

export interface DownloadOptions {
  readonly version: string;
  /** An empty folder to work in. */
  readonly folder: string;
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
  readonly report: (text: string) => void;
}

/**
 * Fetches the official CLI: from the release on GitHub, whose checksums are published beside it, else from Temporal's own
 * download address (the same file; without the checksums it is not taken). Answers the program.
 * https://docs.temporal.io/cli/setup-cli
 * @throws Error whose message says what did not work
 */
export async function downloadTemporal(options: DownloadOptions): Promise<string> {
  const { version, folder, platform } = options;
  const os = platform === 'win32' ? 'windows' : platform;
  const arch = options.arch === 'x64' ? 'amd64' : options.arch;
  const archive = `temporal_cli_${version}_${os}_${arch}.${platform === 'win32' ? 'zip' : 'tar.gz'}`;
  const release = `https://github.com/temporalio/cli/releases/download/v${version}`;

  const checksums = await (await request(`${release}/checksums.txt`, options)).text();
  const expected = checksumOf(checksums, archive);
  if (expected === undefined) throw new Error(`the official release ${version} has no ${archive}`);

  const file = join(folder, archive);
  const sources = [`${release}/${archive}`, `https://temporal.download/cli/archive/v${version}?platform=${os}&arch=${arch}`];
  const failures: string[] = [];
  for (const source of sources) {
    try {
      await save(source, file, options);
      break;
    } catch (error) {
      options.signal.throwIfAborted();
      failures.push(`${new URL(source).host}: ${reasonOf(error)}`);
      if (failures.length === sources.length) throw new Error(failures.join('; '), { cause: error });
    }
  }
  const actual = createHash('sha256').update(await readFile(file)).digest('hex');
  if (actual !== expected) throw new Error(`${archive} does not have the published checksum`);

  // In every Linux and macOS, and in Windows since 2018, where it reads zip files too.
  const unpacked = await runProgram('tar', ['-xf', file, '-C', folder], { signal: options.signal });
  if (unpacked.code !== 0) throw new Error(`${archive} could not be unpacked: ${unpacked.output.trim()}`);
  return join(folder, platform === 'win32' ? 'temporal.exe' : 'temporal');
}

/** The line of a file in `checksums.txt`: digest, spaces, name. */
const checksumOf = (checksums: string, file: string): string | undefined =>
  checksums
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find(([digest, name]) => name === file && /^[0-9a-f]{64}$/.test(digest ?? ''))?.[0];

async function request(url: string, options: DownloadOptions): Promise<Response> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new Error(`no answer within ${SILENCE_MS / 1000} s`)), SILENCE_MS);
  try {
    const response = await options.fetch(url, { signal: AbortSignal.any([options.signal, silence.signal]) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return response;
  } catch (error) {
    options.signal.throwIfAborted();
    throw new Error(`${new URL(url).host} cannot be reached (${reasonOf(error)})`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function save(url: string, file: string, options: DownloadOptions): Promise<void> {
  const response = await request(url, options);
  if (response.body === null) throw new Error('an empty answer');
  const total = Number(response.headers.get('content-length') ?? Number.NaN);
  const silence = new AbortController();
  const restart = () => setTimeout(() => silence.abort(new Error(`no byte for ${SILENCE_MS / 1000} s`)), SILENCE_MS);
  let timer = restart();
  let received = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      clearTimeout(timer);
      timer = restart();
      received += chunk.length;
      options.report(`downloading the Temporal CLI ${options.version}: ${megabytes(received)}${total > 0 ? ` of ${megabytes(total)}` : ''} MB`);
      done(null, chunk);
    },
  });
  try {
    await pipeline(Readable.fromWeb(response.body), meter, createWriteStream(file), {
      signal: AbortSignal.any([options.signal, silence.signal]),
    });
  } finally {
    clearTimeout(timer);
  }
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

/** `fetch` says "fetch failed" and keeps the reason in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (typeof cause === 'object' && cause !== null && 'code' in cause) return String(cause.code);
  return error.message;
}
