import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';

/** Makes the run's folder; components are started by the first test that needs them. In memory where possible: fsync is slow on disks. */
export default async function globalSetup(): Promise<void> {
  const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  process.env['LOCKSTEP_LAB'] = await mkdtemp(`${parent}/lockstep-lab-`);
}
