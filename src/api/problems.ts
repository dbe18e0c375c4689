/** Every failure as problem details (RFC 9457). The one place that knows which failure has which HTTP status. */
import { errorCodes } from 'fastify';
import { ConflictError, GoneError, InvalidInputError, type Issue, NotFoundError } from '../archive/record-errors.ts';
import { type ErrorClass, LockstepError } from '../shared/errors.ts';
import { InvalidIdError } from '../shared/ids.ts';
import type { Problem } from './schemas/common.ts';
import { RequestInvalidError } from './validation.ts';

export type ProblemStatus = 400 | 401 | 403 | 404 | 405 | 409 | 410 | 413 | 415 | 422 | 429 | 500 | 503;

const titles: Record<ProblemStatus, string> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  410: 'No longer there',
  413: 'Too large',
  415: 'Unsupported media type',
  422: 'Not acceptable as it is',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Unavailable',
};

/** A failure that only the API has. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: ProblemStatus;
  readonly code: string;
  readonly next: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  constructor(report: {
    readonly status: ProblemStatus;
    readonly code: string;
    readonly message: string;
    readonly next?: string;
    readonly retryAfterSeconds?: number;
  }) {
    super(report.message);
    this.status = report.status;
    this.code = report.code;
    this.next = report.next;
    this.retryAfterSeconds = report.retryAfterSeconds;
  }
}

/** What is answered: the body, and how long to wait where waiting helps. */
export interface AnsweredProblem {
  readonly problem: Problem;
  readonly retryAfterSeconds?: number;
}

interface ProblemParts {
  readonly next?: string | undefined;
  readonly errors?: readonly Issue[];
}
function problem(status: ProblemStatus, code: string, detail: string, { next, errors }: ProblemParts = {}): Problem {
  return {
    type: `urn:lockstep:problem:${code}`,
    title: titles[status],
    status,
    detail,
    code,
    ...(next === undefined ? {} : { next }),
    ...(errors === undefined ? {} : { errors: errors.map(({ path, message }) => ({ path, message })) }),
  };
}

/** How a class of failure is answered to a client of the API. Waiting helps with the first two. */
const statusOfClass: Record<ErrorClass, ProblemStatus> = {
  Throttled: 429,
  Unavailable: 503,
  AuthRejected: 401,
  ConfigInvalid: 422,
  MailboxGone: 404,
  CursorInvalid: 409,
  ItemUnreadable: 422,
};
/** Who sends the request is known, but may not: another token would not help. */
const forbiddenCodes: ReadonlySet<string> = new Set(['site.disabled']);

const RETRY_AFTER_SECONDS = 5;

/**
 * What is answered for a failure. A failure that is none of ours becomes 500 without a word of its text, which may hold
 * SQL, a path or data.
 */
export function answerFor(error: unknown): AnsweredProblem {
  if (error instanceof ApiError) {
    return {
      problem: problem(error.status, error.code, error.message, { next: error.next }),
      ...(error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds }),
    };
  }
  if (error instanceof NotFoundError) return { problem: problem(404, 'not-found', `There is no ${error.subject}.`) };
  if (error instanceof InvalidIdError) return { problem: problem(404, 'not-found', `There is no such ${error.kind.toLowerCase()}.`) };
  if (error instanceof ConflictError) return { problem: problem(409, error.code, error.message, { next: error.next }) };
  if (error instanceof GoneError) return { problem: problem(410, error.code, error.message, { next: error.next }) };
  if (error instanceof InvalidInputError) {
    return { problem: problem(422, 'request.invalid', 'The request was understood, but makes no sense.', { errors: error.issues }) };
  }
  if (error instanceof RequestInvalidError) {
    return { problem: problem(400, 'request.invalid', `The ${error.part} is not as the API reference says.`, { errors: error.issues }) };
  }
  if (error instanceof LockstepError) return answerForClass(error);
  return { problem: problemOfFramework(error) ?? problemOfOutage(error) ?? internal };
}

/** The body alone, for callers that have no use for the rest. */
export const problemOf = (error: unknown): Problem => answerFor(error).problem;

function answerForClass(error: LockstepError): AnsweredProblem {
  const status = forbiddenCodes.has(error.code) ? 403 : statusOfClass[error.class];
  const body = problem(status, error.code, error.message, { next: error.next });
  if (status !== 429 && status !== 503) return { problem: body };
  return { problem: body, retryAfterSeconds: error.waitMs === undefined ? RETRY_AFTER_SECONDS : Math.ceil(error.waitMs / 1000) };
}

/** Fastify's own refusals, by class: https://fastify.dev/docs/latest/Reference/Errors/ */
function problemOfFramework(error: unknown): Problem | undefined {
  if (error instanceof errorCodes.FST_ERR_CTP_INVALID_JSON_BODY || error instanceof errorCodes.FST_ERR_CTP_EMPTY_JSON_BODY) {
    return problem(400, 'request.malformed-json', 'The body is not JSON.');
  }
  if (error instanceof errorCodes.FST_ERR_CTP_BODY_TOO_LARGE) return problem(413, 'request.too-large', 'The body is too large.');
  if (error instanceof errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE) {
    return problem(415, 'request.media-type', 'The body must be JSON.', { next: 'Send it with Content-Type: application/json.' });
  }
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') {
    if (error.statusCode >= 400 && error.statusCode < 500) return problem(400, 'request.malformed', 'The request cannot be read.');
  }
  return undefined;
}

/** Codes of a database or a Temporal server that is not there, restarts, or is full of connections. */
const outageCodes: ReadonlySet<unknown> = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH'],
  // PostgreSQL, appendix A: admin_shutdown, crash_shutdown, cannot_connect_now, connection_failure, too_many_connections
  ...['57P01', '57P02', '57P03', '08006', '53300'],
]);
const outageMessages = /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

function problemOfOutage(error: unknown): Problem | undefined {
  if (!(error instanceof Error)) return undefined;
  const refused = 'code' in error && outageCodes.has(error.code);
  // pg and pg-pool have no code for a connection that ended: pg/lib/client.js, pg-pool/index.js.
  if (!refused && !outageMessages.test(error.message)) return undefined;
  return problem(503, 'database.unavailable', 'The database does not answer at the moment.', { next: 'Try again; see /readyz.' });
}

const internal = problem(500, 'internal', 'Something went wrong that should not have.', {
  next: 'Look for the request id (header X-Request-Id) in the log of the server.',
});
