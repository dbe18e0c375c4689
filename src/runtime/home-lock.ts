import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { LockstepError } from '../shared/errors.ts';
import { createHome, type Home } from './home.ts';
import { errorCode, readJsonFile } from './private-file.ts';
import { isAlive, processIdentity } from './process-identity.ts';

const Holder = Type.Object({ pid: Type.Integer(), identity: Type.String(), command: Type.String(), since: Type.String() });

export interface HomeLock {
  release(): Promise<void>;
}

/**
 * Makes this process the only one that runs in the home folder. A lock whose process is gone (killed, rebooted) is
 * taken over: its record names pid and start time, so a later process with the same pid does not count.
 * @throws LockstepError ConfigInvalid `home.in-use` naming the process that holds it
 */
export async function lockHome(home: Home, command: string, now: Date): Promise<HomeLock> {
  await createHome(home);
  const identity = await processIdentity(process.pid);
  const record = JSON.stringify({ pid: process.pid, identity: identity ?? '', command, since: now.toISOString() });
  const mine = `${home.lockFile}.${process.pid}`;
  await writeFile(mine, record, { mode: 0o600 });
  try {
    // A hard link appears whole or not at all, and only for one of two that try at once.
    while (!(await linked(mine, home.lockFile))) await removeStale(home, mine);
  } finally {
    await rm(mine, { force: true });
  }
  return {
    async release() {
      const held = await readFile(home.lockFile, 'utf8').catch(() => undefined);
      if (held === record) await rm(home.lockFile, { force: true });
    },
  };
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Throws when the holder is alive. Two that find the same stale lock at once: renaming gives it to one of them. */
async function removeStale(home: Home, mine: string): Promise<void> {
  await refuseWhenHeld(home, home.lockFile);
  const aside = `${mine}.stale`;
  try {
    await rename(home.lockFile, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  try {
    // Between looking and renaming the other one may have taken it: then this is its lock, and it goes back.
    await refuseWhenHeld(home, aside);
  } catch (error) {
    await linked(aside, home.lockFile);
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

async function refuseWhenHeld(home: Home, file: string): Promise<void> {
  // A lock file cut short by a crash of the machine names nobody.
  const stored = await readJsonFile(file).catch(() => undefined);
  if (!Value.Check(Holder, stored) || !(await isAlive(stored))) return;
  throw new LockstepError({
    class: 'ConfigInvalid',
    code: 'home.in-use',
    message: `"lockstep ${stored.command}" (process ${stored.pid}) has been running in ${home.folder} since ${stored.since}.`,
    next: 'Use it as it is, stop it with Ctrl-C where it was started, or run a second installation in another folder: --home or LOCKSTEP_HOME, with other ports.',
  });
}
