import { spawn } from 'node:child_process';
import { access } from 'node:fs/promises';
import { constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The full path of a program on PATH; undefined when there is none. Windows: `.exe` only, nothing that needs a shell. */
export async function findOnPath(name: string, path: string | undefined): Promise<string | undefined> {
  const file = process.platform === 'win32' ? `${name}.exe` : name;
  for (const folder of (path ?? '').split(delimiter).filter((one) => one !== '')) {
    const candidate = join(folder, file);
    try {
      await access(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not here.
    }
  }
  return undefined;
}

export interface ProgramResult {
  /** Null when it was ended by a signal. */
  readonly code: number | null;
  /** Standard output and error, in the order in which they came; the last 64 KiB. */
  readonly output: string;
}

const KEPT_OUTPUT = 65_536;

/**
 * Runs a program to its end. `onLine` sees each line of its output as it comes.
 * @throws the system's error when it cannot be started, or an AbortError
 */
export function runProgram(
  program: string,
  args: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly signal: AbortSignal;
    onLine?(line: string): void;
  },
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
      signal: options.signal,
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    let output = '';
    let unfinished = '';
    const take = (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-KEPT_OUTPUT);
      const lines = (unfinished + chunk.toString('utf8')).split(/\r?\n/);
      unfinished = lines.pop() ?? '';
      for (const line of lines) options.onLine?.(line);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}
