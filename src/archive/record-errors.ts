/** What the administrative stores say when they cannot do what was asked. They know nothing of HTTP. */

/** There is no such record in this organisation; one of another organisation is as absent as one that never was. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
  /** What was looked for, with its name: `site "berlin"`. */
  readonly subject: string;
  constructor(subject: string) {
    super(`there is no ${subject}`);
    this.subject = subject;
  }
}

/** A refusal that says what to do next. */
abstract class RefusalError extends Error {
  /** Stable, dotted, documented in docs/errors.md. */
  readonly code: string;
  /** What the administrator does next. */
  readonly next: string;
  constructor(report: { readonly code: string; readonly message: string; readonly next: string }) {
    super(report.message);
    this.code = report.code;
    this.next = report.next;
  }
}

/** The record's present state does not allow it. */
export class ConflictError extends RefusalError {
  override readonly name = 'ConflictError';
}

/** It was there, and is not kept any more. */
export class GoneError extends RefusalError {
  override readonly name = 'GoneError';
}

/** One thing that is wrong with what was given. */
export interface Issue {
  /** JSON pointer into what was given: `/settings/filter`. */
  readonly path: string;
  readonly message: string;
}

/** What was given does not make sense, though its shape is right. */
export class InvalidInputError extends Error {
  override readonly name = 'InvalidInputError';
  readonly issues: readonly Issue[];
  constructor(issues: readonly Issue[]) {
    super(issues.map((issue) => `${issue.path}: ${issue.message}`).join('; '));
    this.issues = issues;
  }
}

/**
 * Turns PostgreSQL's refusal of a second record of the same name (unique_violation, SQLSTATE 23505) into a conflict.
 * Everything else is passed on. `words`: what the kind is called in a sentence, where its code differs.
 */
export function nameTaken(kind: string, name: string, words = kind): (error: unknown) => never {
  return (error) => {
    if (!isUniqueViolation(error)) throw error;
    throw new ConflictError({
      code: `${kind}.name-taken`,
      message: `There is already a ${words} named "${name}".`,
      next: `Choose another name, or change the ${words} that is there.`,
    });
  };
}

const isUniqueViolation = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === '23505';
