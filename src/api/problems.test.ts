import { ConflictError, InvalidInputError, NotFoundError } from '../archive/record-errors.ts';
import { type ErrorClass, errorClasses, LockstepError } from '../shared/errors.ts';
import { organisationId } from '../shared/ids.ts';
import { answerFor, ApiError, problemOf } from './problems.ts';
import { RequestInvalidError } from './validation.ts';

const lockstep = (errorClass: ErrorClass, change: { code?: string; waitMs?: number } = {}) =>
  new LockstepError({ class: errorClass, code: 'a.b', message: 'What happened.', next: 'What to do.', ...change });

test('a problem says its code, what happened and what to do', () => {
  expect(problemOf(lockstep('ConfigInvalid'))).toEqual({
    type: 'urn:lockstep:problem:a.b',
    title: 'Not acceptable as it is',
    status: 422,
    detail: 'What happened.',
    code: 'a.b',
    next: 'What to do.',
  });
});

const statuses: Record<ErrorClass, number> = {
  Throttled: 429,
  Unavailable: 503,
  AuthRejected: 401,
  ConfigInvalid: 422,
  MailboxGone: 404,
  CursorInvalid: 409,
  ItemUnreadable: 422,
};
test.each(errorClasses)('%s has one status', (errorClass) => {
  expect(problemOf(lockstep(errorClass)).status).toBe(statuses[errorClass]);
});

test('a wait that was asked for is handed on in whole seconds, rounded up', () => {
  expect(answerFor(lockstep('Throttled', { waitMs: 1200 })).retryAfterSeconds).toBe(2);
  expect(answerFor(lockstep('Unavailable')).retryAfterSeconds).toBeGreaterThan(0);
  expect(answerFor(lockstep('ConfigInvalid')).retryAfterSeconds).toBeUndefined();
});

test('a disabled site is known and not allowed', () => {
  expect(problemOf(lockstep('AuthRejected', { code: 'site.disabled' })).status).toBe(403);
});

const invalidId = (): unknown => {
  try {
    return organisationId('nonsense');
  } catch (error) {
    return error;
  }
};
const withCode = (code: string): Error => Object.assign(new Error('secret detail'), { code });
test.each<[string, unknown, number, string]>([
  ['a record that is not there', new NotFoundError('site "x"'), 404, 'not-found'],
  ['an id of the wrong form', invalidId(), 404, 'not-found'],
  ['a conflict', new ConflictError({ code: 'run.ended', message: 'm', next: 'n' }), 409, 'run.ended'],
  ['nonsense', new InvalidInputError([{ path: '/a', message: 'm' }]), 422, 'request.invalid'],
  ['a wrong shape', new RequestInvalidError('body', [{ path: '/a', message: 'm' }]), 400, 'request.invalid'],
  ['a failure of the API', new ApiError({ status: 403, code: 'auth.x', message: 'm' }), 403, 'auth.x'],
  ['a database that is not there', withCode('ECONNREFUSED'), 503, 'database.unavailable'],
  ['a database that restarts', withCode('57P01'), 503, 'database.unavailable'],
  ['a database without a free connection', new Error('timeout exceeded when trying to connect'), 503, 'database.unavailable'],
  ['a database that cut the connection', new Error('Connection terminated unexpectedly'), 503, 'database.unavailable'],
  ['a broken constraint', withCode('23514'), 500, 'internal'],
  ['a defect', new TypeError('secret detail'), 500, 'internal'],
  ['something that is no error', 'secret detail', 500, 'internal'],
  ['nothing', undefined, 500, 'internal'],
])('%s', (_what, error, status, code) => {
  const problem = problemOf(error);
  expect(problem).toMatchObject({ status, code });
  expect(JSON.stringify(problem)).not.toContain('secret detail');
});
