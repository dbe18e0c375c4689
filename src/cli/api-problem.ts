import type { Problem } from '../api/schemas/common.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

/** The API answered that it will not or cannot. Carries the API's stable code and next step. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  /** Stable, dotted, documented in docs/errors.md. */
  readonly code: string;
  /** What to do, when the API says so. */
  readonly next: string | undefined;
  readonly exitCode: ExitCode;
  readonly #problem: Problem;
  constructor(problem: Problem) {
    super(messageOf(problem));
    this.#problem = problem;
    this.status = problem.status;
    this.code = problem.code;
    this.next = problem.next;
    this.exitCode = exitCodeOf(problem.status);
  }
  /** Whether the API complains of this part of the request: `/password`. */
  concerns(path: string): boolean {
    return this.#problem.errors?.some((error) => error.path === path) === true;
  }
  /** The same with another next step: what the command line knows better than the API. */
  withNext(next: string): ApiProblem {
    return new ApiProblem({ ...this.#problem, next });
  }
}

/** What the API answers for a name that does not exist, when the command line found out by itself. */
export const notFound = (detail: string, next: string): ApiProblem =>
  new ApiProblem({ type: 'about:blank', title: 'Not found', status: 404, code: 'not-found', detail, next });

/** The detail, then one line for each field that was not accepted. */
function messageOf(problem: Problem): string {
  const fields = (problem.errors ?? []).map((error) => `  ${error.path === '' ? '(whole request)' : error.path}: ${error.message}`);
  return [problem.detail, ...fields].join('\n');
}

function exitCodeOf(status: number): ExitCode {
  switch (status) {
    case 400:
    case 413:
    case 422:
      return exitCodes.usage;
    case 401:
    case 403:
    case 409:
      return exitCodes.refused;
    case 404:
    case 410:
      return exitCodes.notFound;
    case 502:
    case 503:
    case 504:
      return exitCodes.unreachable;
    default:
      return exitCodes.failure;
  }
}
