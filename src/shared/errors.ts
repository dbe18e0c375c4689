/**
 * The one closed taxonomy of failures. A class is assigned once, where the response is read; outer layers ask only for
 * the class, and the class alone decides whether work is retried, waits, is parked or is given up:
 *
 * | class            | retried                       | shown as                                   |
 * |------------------|-------------------------------|--------------------------------------------|
 * | Throttled        | after the wait that was asked | waiting                                    |
 * | Unavailable      | with back-off, for ever       | waiting, with the reason                   |
 * | AuthRejected     | when the credential changes   | Attention                                  |
 * | ConfigInvalid    | when the setting changes      | Attention                                  |
 * | MailboxGone      | never                         | Skipped                                    |
 * | CursorInvalid    | at once, with a new epoch     | nothing                                    |
 * | ItemUnreadable   | in later runs                 | one recorded problem; the run goes on      |
 */
export const errorClasses = [
  'Throttled',
  'Unavailable',
  'AuthRejected',
  'ConfigInvalid',
  'MailboxGone',
  'CursorInvalid',
  'ItemUnreadable',
] as const;
export type ErrorClass = (typeof errorClasses)[number];

/** Classes that no retry of the same work can cure. Used as `nonRetryableErrorTypes` in every retry policy. */
export const permanentErrorClasses = ['AuthRejected', 'ConfigInvalid', 'MailboxGone'] as const satisfies readonly ErrorClass[];

/** What the reader of an error needs: what happened, and what to do next. Never holds a secret, a token or content. */
export interface ErrorReport {
  readonly class: ErrorClass;
  /** Stable, dotted, documented in docs/errors.md: `ldap.invalid-credentials`. */
  readonly code: string;
  readonly message: string;
  /** What the administrator does next. */
  readonly next: string;
}

/** A failure with its class. Thrown where the response is read. */
export class LockstepError extends Error implements ErrorReport {
  override readonly name = 'LockstepError';
  readonly class: ErrorClass;
  readonly code: string;
  readonly next: string;
  /** Only for Throttled: how long the other side asked us to wait. */
  readonly waitMs: number | undefined;
  constructor(report: ErrorReport & { readonly waitMs?: number | undefined; readonly cause?: unknown }) {
    super(report.message, report.cause === undefined ? undefined : { cause: report.cause });
    this.class = report.class;
    this.code = report.code;
    this.next = report.next;
    this.waitMs = report.waitMs;
  }
  report(): ErrorReport {
    return { class: this.class, code: this.code, message: this.message, next: this.next };
  }
}
