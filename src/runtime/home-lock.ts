import { createHash, randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { LockstepError } from '../shared/errors.ts';
import { createHome, type Home } from './home.ts';
import { errorCode } from './json-file.ts';
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
  const identity = (await processIdentity(process.pid)) ?? '';
  const mine = `${home.lockFile}.${randomUUID()}`;
  const record = JSON.stringify({ pid: process.pid, identity, command, since: now.toISOString() });
  await writeFile(mine, record, { mode: 0o600 });
  try {
    // A hard link appears whole or not at all, and for one only of several that try at once.
    while (!(await linked(mine, home.lockFile)) && !(await takenOver(home, mine)));
  } finally {
    await rm(mine, { force: true });
  }
  return {
    async release() {
      if ((await contentOf(home.lockFile)) === record) await rm(home.lockFile, { force: true });
    },
  };
}

/**
 * Replaces the lock of a process that is gone. Several may find it at once: who takes over first *claims* it, by a link
 * whose name is made from the stale lock's content; a claimant that was killed in turn is succeeded the same way. False
 * when the lock changed meanwhile: look again.
 */
async function takenOver(home: Home, mine: string): Promise<boolean> {
  const stale = await contentOf(home.lockFile);
  if (stale === undefined) return false;
  const claims: string[] = [];
  for (let before = stale; ; ) {
    await refuseWhenHeld(home, before);
    const claim = `${home.lockFile}.${createHash('sha256').update(before).digest('hex').slice(0, 16)}`;
    claims.push(claim);
    if (await linked(mine, claim)) break;
    const claimant = await contentOf(claim);
    if (claimant === undefined) return false;
    before = claimant;
  }
  // Only the claimant may replace the stale lock; another one may have done so and withdrawn its claim before ours.
  const still = (await contentOf(home.lockFile)) === stale;
  if (still) await rename(mine, home.lockFile);
  for (const claim of still ? claims : claims.slice(-1)) await rm(claim, { force: true });
  return still;
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

async function contentOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function refuseWhenHeld(home: Home, content: string): Promise<void> {
  let holder: unknown;
  try {
    holder = JSON.parse(content);
  } catch {
    // Cut short by a crash of the machine: it names nobody.
    return;
  }
  if (!Value.Check(Holder, holder) || !(await isAlive(holder))) return;
  throw new LockstepError({
    class: 'ConfigInvalid',
    code: 'home.in-use',
    message: `"lockstep ${holder.command}" (process ${holder.pid}) has been running in ${home.folder} since ${holder.since}.`,
    next: 'Use it as it is, stop it with Ctrl-C where it was started, or run a second installation in another folder (--home or LOCKSTEP_HOME) on other ports.',
  });
}
