import type { TSchema } from 'typebox';
import type { ProblemStatus } from '../problems.ts';
import { Problem } from './common.ts';

const descriptions: Record<ProblemStatus, string> = {
  400: 'The request does not have the shape described here; `errors` says where',
  401: 'No token, or one that is unknown, revoked or expired',
  403: 'The token may not do this',
  404: 'There is no such thing in this organisation',
  405: 'The path exists, the method does not',
  409: 'The present state does not allow it; `next` says what to do',
  410: 'It was there and is not kept any more; `next` says what to do',
  413: 'The body is too large',
  415: 'The body is not JSON',
  422: 'The request makes no sense; `errors` says where and why',
  429: 'Too many; wait as long as Retry-After says',
  500: 'A defect; the log has the request id',
  503: 'The database or the Temporal server does not answer; try again',
};

/**
 * Answers that are problem details, one for each status. To TypeScript they are no answers: a handler throws, and the one
 * error handler answers.
 */
export const problems = (...statuses: readonly ProblemStatus[]): Record<never, never> =>
  Object.fromEntries(
    statuses.map((status) => [status, { description: descriptions[status], content: { 'application/problem+json': { schema: Problem } } }]),
  );

/** A good answer with what it means, for the reference page. */
export const answer = <T extends TSchema>(schema: T, description: string): T => ({ ...schema, description });
