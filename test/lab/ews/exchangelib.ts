/** exchangelib from PyPI: a client of Exchange Web Services that shares no code with Lockstep. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const script = fileURLToPath(new URL('exchangelib_job.py', import.meta.url));
const packages = ['exchangelib==5.6.0', 'requests_ntlm==1.3.0'];
const environment = join(homedir(), '.cache', 'lockstep-tests', 'exchangelib-5.6.0');
const python = process.env['LOCKSTEP_EXCHANGELIB_PYTHON'] ?? join(environment, 'bin', 'python');

const installed = () => run(python, ['-c', 'import exchangelib, requests_ntlm']);

/** Makes sure that exchangelib is there, installing it where that is possible. Answers why not: then tests are skipped, except in continuous integration. */
export async function whyNoExchangelib(): Promise<string | undefined> {
  try {
    await installed();
    return undefined;
  } catch {
    // It is installed now.
  }
  try {
    await run('python3', ['-m', 'venv', environment]);
    await run(join(environment, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...packages]);
    await installed();
    return undefined;
  } catch (error) {
    const reason = `exchangelib cannot be installed: ${error instanceof Error ? error.message : String(error)}`;
    if (process.env['CI'] === 'true') throw new Error(reason, { cause: error });
    return reason;
  }
}

export interface ExchangelibAccess {
  readonly url: string;
  readonly account: string;
  readonly password: string;
  readonly authentication: 'basic' | 'NTLM';
  readonly mailbox: string;
}
export interface ExchangelibItem {
  readonly id: string;
  readonly itemClass: string;
  readonly subject: string;
  readonly sensitivity: string;
  readonly importance: string;
  readonly size: number;
  readonly categories: readonly string[];
  readonly isDraft: boolean;
  readonly hasAttachments: boolean;
  readonly receivedAt: string | null;
  readonly sentAt: string | null;
  readonly createdAt: string | null;
  /** Of messages. */
  readonly from?: string | null;
  readonly to?: readonly string[];
  readonly cc?: readonly string[];
  readonly messageId?: string | null;
  readonly isRead?: boolean;
}
export interface ExchangelibReading {
  readonly folders: readonly { readonly id: string; readonly name: string; readonly count: number; readonly items: readonly ExchangelibItem[] }[];
  /** Digests of the content of some items of the inbox, boundaries left out. */
  readonly mime: Readonly<Record<string, string>>;
}
interface Jobs {
  readonly read: { readonly mimes: number };
  readonly sync: { readonly state?: string };
  readonly change: object;
}
interface Results {
  readonly read: ExchangelibReading;
  readonly sync: { readonly changes: readonly (readonly [kind: string, id: string])[]; readonly state: string };
  readonly change: { readonly attachment: string };
}

/** Does one job in a process of its own. */
export async function exchangelib<Job extends keyof Jobs>(access: ExchangelibAccess, job: Job, input: Jobs[Job]): Promise<Results[Job]> {
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'pipe'] });
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.stdin.end(JSON.stringify({ ...access, ...input, job }));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`exchangelib ended with ${code}: ${errors.slice(-2000)}`);
  return JSON.parse(output) as Results[Job];
}
