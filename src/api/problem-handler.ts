import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { answerFor, ApiError } from './problems.ts';

/** Every failure of the API is answered here, and only here. */
export function answerProblems(app: FastifyInstance): void {
  app.setErrorHandler(answerProblem);
  app.setNotFoundHandler((request) => {
    throw new ApiError({
      status: 404,
      code: 'route.unknown',
      message: `There is no ${request.method} here.`,
      next: 'See the API reference: /docs.',
    });
  });
}

/** Also for what fails before a route is found (`frameworkErrors` of Fastify): a path that cannot be decoded. */
export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { problem, retryAfterSeconds } = answerFor(error);
  if (problem.status === 500 || problem.status === 503) request.log.error({ err: loggable(error) }, 'request could not be answered');
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="lockstep"');
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
  void reply.code(problem.status).type('application/problem+json').send(problem);
}

/** Class, code and stack, and of a PostgreSQL error not the detail, which quotes the row. */
function loggable(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  return { type: error.name, message: error.message, stack: error.stack, code: 'code' in error ? error.code : undefined };
}
