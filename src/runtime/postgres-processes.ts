import { readdir, readFile, readlink, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { LockstepError } from '../shared/errors.ts';
import { sendSignal } from './process-identity.ts';

/** Backends of a postmaster that was killed notice within a moment; a postmaster writes a checkpoint when asked to end. */
const END_WITHIN_MS = 20_000;

/**
 * Ends what still runs in a data folder and removes its postmaster.pid: backends of a postmaster that was killed, or a
 * postmaster whose supervisor was. The home is locked by us, so whatever PostgreSQL runs in this very folder is ours. A
 * pid that another program has got since would keep PostgreSQL from starting (it asks only whether the pid exists).
 * Linux; elsewhere processes.json and PostgreSQL's own check must do.
 * @throws LockstepError Unavailable `postgres.still-running`
 */
export async function clearDataFolder(dataFolder: string): Promise<void> {
  if (process.platform !== 'linux') return;
  const deadline = Date.now() + END_WITHIN_MS;
  for (let round = 0; ; round++) {
    const running = await postgresProcesses(dataFolder);
    if (running.length === 0) break;
    if (Date.now() > deadline) {
      throw new LockstepError({
        class: 'Unavailable',
        code: 'postgres.still-running',
        message: `An earlier PostgreSQL (process ${running.join(', ')}) in ${dataFolder} does not end.`,
        next: 'End that process, then start again.',
      });
    }
    // SIGINT asks a postmaster for a fast shutdown and only cancels a query in a backend, which ends by itself.
    const postmaster = await postmasterPid(dataFolder);
    if (round === 0 && postmaster !== undefined && running.includes(postmaster)) sendSignal(postmaster, 'SIGINT');
    await pause(50);
  }
  await rm(join(dataFolder, 'postmaster.pid'), { force: true });
}

/** PostgreSQL processes have their data folder as working directory, whatever their titles are. */
async function postgresProcesses(dataFolder: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name))) {
    try {
      if ((await readlink(`/proc/${pid}/cwd`)) !== dataFolder) continue;
      if (basename(await readlink(`/proc/${pid}/exe`)).startsWith('postgres')) found.push(Number(pid));
    } catch {
      // Ended meanwhile, or another user's.
    }
  }
  return found;
}

async function postmasterPid(dataFolder: string): Promise<number | undefined> {
  const content = await readFile(join(dataFolder, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(content.split('\n', 1)[0]);
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
}
