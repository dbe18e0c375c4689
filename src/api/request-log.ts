/** One line a request: constant message, data in fields, nothing of the path, the query, the headers or the bodies. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { ApiMetrics } from './metrics.ts';
import { TEMPORAL_UI_PATH } from './temporal-ui/temporal-ui-routes.ts';

/** What a proxy in front may hand on; anything else is replaced, so that no foreign text gets into the log. */
const requestIdPattern = /^[A-Za-z0-9._-]{1,64}$/;

export function requestIdOf(header: string | string[] | undefined): string {
  return typeof header === 'string' && requestIdPattern.test(header) ? header : randomUUID();
}

/** Should a header or body ever be logged, these are left out. */
export const redactedPaths = ['authorization', 'password', 'token', 'cookie'].flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

export function logRequests(app: FastifyInstance, metrics: ApiMetrics): void {
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    const durationMs = Math.round(reply.elapsedTime * 10) / 10;
    metrics.requestAnswered({ method: request.method, route, status: reply.statusCode, durationMs });
    const organisation = request.principal?.kind === 'organisation' ? request.principal.organisationId : undefined;
    const fields = { method: request.method, route, status: reply.statusCode, durationMs, organisation, tokenId: request.principal?.tokenId };
    if (reply.statusCode >= 500) request.log.error(fields, 'request failed');
    // The Temporal UI asks for dozens of files and polls while it is open.
    else if (route.startsWith(`${TEMPORAL_UI_PATH}/`)) request.log.debug(fields, 'request answered');
    else request.log.info(fields, 'request answered');
  });
}
