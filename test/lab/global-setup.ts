import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { findTemporalCli } from '../../src/runtime/temporal-binary.ts';

/**
 * Makes the run's folder; components are started by the first test that needs them. In memory where possible: fsync is slow
 * on disks. Finds the Temporal CLI as the product does, so that a fresh machine needs nothing but Go or a network: built or
 * downloaded once into `.cache`, for every test by LOCKSTEP_TEMPORAL_CLI.
 */
export default async function globalSetup(): Promise<void> {
  const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  process.env['LOCKSTEP_LAB'] = await mkdtemp(`${parent}/lockstep-lab-`);
  let shown = 0;
  const { program } = await findTemporalCli({
    cacheFolder: fileURLToPath(new URL('../../.cache/', import.meta.url)),
    setting: process.env['LOCKSTEP_TEMPORAL_CLI'],
    env: process.env,
    signal: new AbortController().signal,
    report: (text) => {
      if (Date.now() - shown < 15_000) return;
      shown = Date.now();
      process.stderr.write(`${text}\n`);
    },
  });
  process.env['LOCKSTEP_TEMPORAL_CLI'] = program;
}
