import { LockstepError } from '../../shared/errors.ts';
import type { ServerVersion } from './resolve-names.ts';

/** Build of Exchange 2013 SP1 (https://learn.microsoft.com/exchange/new-features/build-numbers-and-release-dates). */
const FIRST_2013_BUILD = 847;
/** Exchange SE began with 15.2.2562; what is below is Exchange 2019. */
const FIRST_SE_BUILD = 2562;

/**
 * The version in words.
 * @throws LockstepError ConfigInvalid `ews.version-unsupported` for one before Exchange 2013 SP1
 */
export function describeVersion({ major, minor, build, revision }: ServerVersion): string {
  const number = `${major}.${minor}.${build}.${revision}`;
  if (major < 15 || (major === 15 && minor === 0 && build < FIRST_2013_BUILD)) {
    throw new LockstepError({
      class: 'ConfigInvalid',
      code: 'ews.version-unsupported',
      message: `The server is Exchange ${number}.`,
      next: 'Lockstep needs Exchange 2013 SP1 (15.0.847) or later.',
    });
  }
  return `${nameOf(minor, build)} (${number}).`;
}

function nameOf(minor: number, build: number): string {
  if (minor === 0) return 'Exchange 2013';
  if (minor === 1) return 'Exchange 2016';
  return build >= FIRST_SE_BUILD ? 'Exchange SE' : 'Exchange 2019';
}
