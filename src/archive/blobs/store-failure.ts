import { LockstepError } from '../../shared/errors.ts';

/** The disk is full or read-only, S3 does not answer: it passes, or somebody mends it, and work goes on. */
export const storeUnavailable = (cause: unknown): LockstepError =>
  new LockstepError({
    class: 'Unavailable',
    code: 'blob.store-unavailable',
    message: 'The blob store does not take or give content at the moment.',
    next: 'Look at the disk or the S3 server that LOCKSTEP_BLOBS names, and into the log of the server.',
    cause,
  });

/** No retry changes it. */
export const storeRefused = (cause: unknown): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'blob.store-refused',
    message: 'The blob store refuses the server: bucket, folder or credentials are not right.',
    next: 'Correct LOCKSTEP_BLOBS and the credentials or rights that go with it (lockstep help settings).',
    cause,
  });

export const blobMissing = (): LockstepError =>
  new LockstepError({
    class: 'ItemUnreadable',
    code: 'blob.missing',
    message: 'The stored content is not in the blob store.',
    next: 'Find out what removed it, and restore it from a backup of the blob store; lockstep archive verify lists all.',
  });

export const blobDamaged = (cause?: unknown): LockstepError =>
  new LockstepError({
    class: 'ItemUnreadable',
    code: 'blob.damaged',
    message: 'The stored content was changed or cut since it was stored.',
    next: 'Restore it from a backup of the blob store; lockstep archive verify lists all.',
    cause,
  });
