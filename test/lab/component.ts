/**
 * Servers that a test run shares. Each is started by the first test that asks for it, whichever jest worker that is, and
 * ended by the global tear-down. `<name>.json` in the run's folder is the component's description, written when it is
 * ready; `<name>.lock` says who starts it.
 */
import { spawn } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

export const labFolder = (): string => {
  const folder = process.env['LOCKSTEP_LAB'];
  if (folder === undefined) throw new Error('LOCKSTEP_LAB is not set: run the tests with npm test');
  return folder;
};

/** Starts the component once a run and answers its description. */
export async function component<T>(name: string, start: (folder: string) => Promise<T>): Promise<T> {
  const base = `${labFolder()}/${name}`;
  try {
    await mkdir(`${base}.lock`);
  } catch {
    while (!existsSync(`${base}.json`)) {
      if (existsSync(`${base}.failed`)) throw new Error(`${name} could not be started: ${await readFile(`${base}.failed`, 'utf8')}`);
      await pause(50);
    }
    return JSON.parse(await readFile(`${base}.json`, 'utf8')) as T;
  }
  try {
    const description = await start(labFolder());
    await writeFile(`${base}.json.part`, JSON.stringify(description));
    await rename(`${base}.json.part`, `${base}.json`);
    return description;
  } catch (error) {
    await writeFile(`${base}.failed`, String(error));
    throw error;
  }
}

/** Starts a server that outlives this jest worker; `stopAll` ends it. Output goes to `<name>.log`. */
export async function daemon(
  name: string,
  command: string,
  args: readonly string[],
  options: { uid?: number; gid?: number; env?: Record<string, string> } = {},
): Promise<number> {
  const log = openSync(`${labFolder()}/${name}.log`, 'a');
  const child = spawn(command, [...args], {
    detached: true,
    stdio: ['ignore', log, log],
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
    env: { ...process.env, ...options.env },
  });
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('spawn', () => (child.pid === undefined ? reject(new Error(`${name}: no pid`)) : resolve(child.pid)));
    child.once('error', reject);
  });
  child.unref();
  await writeFile(`${labFolder()}/${name}.pid`, String(pid));
  return pid;
}

/** Awaits a condition, looking every `everyMs`; fails with the sentence after `budgetMs`. */
export async function until(sentence: string, condition: () => Promise<boolean>, budgetMs = 60_000, everyMs = 50): Promise<void> {
  const deadline = Date.now() + budgetMs;
  for (;;) {
    if (await condition()) return;
    if (Date.now() > deadline) throw new Error(`gave up after ${budgetMs} ms waiting until ${sentence}`);
    await pause(everyMs);
  }
}
