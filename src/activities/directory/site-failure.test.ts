import { ApplicationFailureCategory } from '@temporalio/common';
import { type ErrorClass, LockstepError } from '../../shared/errors.ts';
import { siteFailure, withClass } from './site-failure.ts';

const failing = (errorClass: ErrorClass, waitMs?: number) =>
  new LockstepError({ class: errorClass, code: 'a.code', message: 'CN=Ann on dc1.corp.example', next: 'Ask Ann.', waitMs, cause: new Error('secret') });

describe('siteFailure', () => {
  test.each<[ErrorClass, boolean, boolean]>([
    ['Throttled', false, true],
    ['Unavailable', false, true],
    ['AuthRejected', true, false],
    ['ConfigInvalid', true, false],
    ['MailboxGone', true, false],
    ['CursorInvalid', false, false],
    ['ItemUnreadable', false, false],
  ])('%s: given up %s, shown as waiting %s', (errorClass, nonRetryable, waiting) => {
    const { type, message, nonRetryable: givenUp, category } = siteFailure(failing(errorClass));
    expect({ type, message, givenUp, category }).toEqual({
      type: errorClass, message: 'a.code', givenUp: nonRetryable, category: waiting ? ApplicationFailureCategory.BENIGN : undefined,
    });
  });

  test('holds nothing but class and code', () => {
    const failure = siteFailure(failing('AuthRejected'));
    expect(failure.cause).toBeUndefined();
    expect(failure.details ?? []).toEqual([]);
    expect(failure.stack).not.toContain('Ann');
  });

  test('a throttled attempt comes again when it was asked to', () => {
    expect(siteFailure(failing('Throttled', 7000)).nextRetryDelay).toBe(7000);
    expect(siteFailure(failing('Throttled')).nextRetryDelay).toBeUndefined();
    expect(siteFailure(failing('Unavailable', 7000)).nextRetryDelay).toBeUndefined();
  });
});

describe('withClass', () => {
  test('keeps a known failure', () => {
    const error = failing('Throttled');
    expect(withClass(error)).toBe(error);
  });

  test.each([[new TypeError('x is not a function of Ann')], ['a string'], [undefined]])('what nobody foresaw is tried again: %s', (error) => {
    const { class: errorClass, code, message } = withClass(error);
    expect([errorClass, code]).toEqual(['Unavailable', 'site.unexpected']);
    expect(message).not.toContain('Ann');
  });
});
