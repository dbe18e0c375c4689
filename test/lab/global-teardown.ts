import { readdir, readFile, rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Ends every component by its pid and removes the run's folder. */
export default async function globalTeardown(): Promise<void> {
  const folder = process.env['LOCKSTEP_LAB'];
  if (folder === undefined) return;
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.pid'))) {
    const pid = Number(await readFile(`${folder}/${file}`, 'utf8'));
    if (!alive(pid)) continue;
    process.kill(pid, file === 'postgres.pid' ? 'SIGINT' : 'SIGTERM');
    for (let i = 0; i < 100 && alive(pid); i++) await pause(100);
    if (alive(pid)) process.kill(pid, 'SIGKILL');
  }
  await rm(folder, { recursive: true, force: true });
}
