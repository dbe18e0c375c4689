import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { type ErrorClass, LockstepError, permanentErrorClasses } from '../../shared/errors.ts';

const isPermanent = (errorClass: ErrorClass): boolean => (permanentErrorClasses as readonly ErrorClass[]).includes(errorClass);
/** Waiting for something that comes back is no error of the run (BENIGN: neither logged as one nor counted). */
const isWaiting = (errorClass: ErrorClass): boolean => errorClass === 'Throttled' || errorClass === 'Unavailable';

/**
 * A failure as it may enter a workflow history: its class decides what happens, its code says what it was. The sentences,
 * which may name servers and accounts, stay out; they went to the platform before.
 */
export function siteFailure(error: LockstepError): ApplicationFailure {
  return ApplicationFailure.create({
    type: error.class,
    message: error.code,
    nonRetryable: isPermanent(error.class),
    ...(error.class === 'Throttled' && error.waitMs !== undefined ? { nextRetryDelay: error.waitMs } : {}),
    ...(isWaiting(error.class) ? { category: ApplicationFailureCategory.BENIGN } : {}),
  });
}

/** Any failure with a class. What nobody foresaw is tried again: it has no known reason to last. */
export function withClass(error: unknown): LockstepError {
  if (error instanceof LockstepError) return error;
  return new LockstepError({
    class: 'Unavailable',
    code: 'site.unexpected',
    message: 'The site failed in a way it does not know.',
    next: 'Look into the log of the site; it is tried again.',
    cause: error,
  });
}
