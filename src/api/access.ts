/** Who may call which route. Every route of /api/v1 declares its `access`; one that does not cannot be registered. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
// For the parts of a route's schema that only the reference page uses.
import type {} from '@fastify/swagger';
import { authenticateApiToken } from '../archive/api-tokens.ts';
import type { Database } from '../archive/database.ts';
import type { OrganisationId, TokenId } from '../shared/ids.ts';
import type { ApiScope, Principal } from '../shared/principal.ts';
import type { FailedAttempts } from './failed-attempts.ts';
import { ApiError } from './problems.ts';
import { problems } from './schemas/responses.ts';

/** `installation`: only the installation's token. A scope: only a token of an organisation, with at least that scope. */
export type Access = 'installation' | ApiScope;

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    /** Set on every route that declares its `access`. */
    principal: Principal | undefined;
  }
}

/** Each scope includes those before it. */
const ranks: Record<ApiScope, number> = { read: 1, operate: 2, admin: 3 };

export interface AccessOptions {
  readonly database: Database;
  readonly failedAttempts: FailedAttempts;
}

/** Makes every route registered in this scope from now on authenticate and authorise, before anything of the body is read. */
export function requireAccess(app: FastifyInstance, options: AccessOptions): void {
  app.decorateRequest('principal', undefined);
  app.addHook('onRoute', (route) => {
    const access = route.config?.access;
    if (access === undefined) throw new Error(`${route.url} does not declare its access`);
    route.schema = {
      ...route.schema,
      security: [{ token: [] }],
      description: [route.schema?.description, accessSentence(access)].filter(Boolean).join('\n\n'),
      response: { ...problems(401, 403, 429, 500, 503), ...(route.schema?.response as object | undefined) },
    };
  });
  app.addHook('onRequest', async (request) => {
    const access = request.routeOptions.config.access;
    // Unknown routes have no access; the not-found handler answers them.
    if (access === undefined) return;
    request.principal = await authenticate(request, options);
    authorise(request.principal, access);
  });
}

const accessSentence = (access: Access): string =>
  access === 'installation' ? 'Needs the token of the installation.' : `Needs a token of the organisation with scope \`${access}\`.`;

async function authenticate(request: FastifyRequest, { database, failedAttempts }: AccessOptions): Promise<Principal> {
  const token = /^Bearer +([A-Za-z0-9_-]{1,200})$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined) throw notAuthenticated('This route needs a token.');
  failedAttempts.refuseAfterTooMany(request.ip, token);
  const principal = await authenticateApiToken(database, token);
  failedAttempts.note(request.ip, token, principal !== undefined);
  if (principal === undefined) throw notAuthenticated('The token is unknown, revoked or expired.');
  return principal;
}

const notAuthenticated = (message: string): ApiError =>
  new ApiError({
    status: 401,
    code: 'auth.token-invalid',
    message,
    next: 'Send "Authorization: Bearer <token>". Tokens are issued by POST /api/v1/tokens; the first by lockstep init.',
  });

function authorise(principal: Principal, access: Access): void {
  if (access === 'installation') {
    if (principal.kind === 'installation') return;
    throw new ApiError({
      status: 403,
      code: 'auth.installation-only',
      message: 'Only the token of the installation may do this.',
    });
  }
  if (principal.kind === 'installation') {
    throw new ApiError({
      status: 403,
      code: 'auth.organisation-only',
      message: 'The token of the installation reads and changes nothing of an organisation.',
      next: 'Use a token of the organisation.',
    });
  }
  if (principal.scopes.some((scope) => ranks[scope] >= ranks[access])) return;
  throw new ApiError({
    status: 403,
    code: 'auth.scope-missing',
    message: `The token lacks the scope "${access}".`,
    next: 'Use a token with that scope; a token with scope "admin" can issue one.',
  });
}

/** For a request that asks for more than its route declares. @throws ApiError 403 `auth.scope-missing` */
export function requireScope(request: FastifyRequest, scope: ApiScope): void {
  if (request.principal !== undefined) authorise(request.principal, scope);
}

/** The organisation whose token was shown. Only for routes whose access is a scope. */
export function organisationOf(request: FastifyRequest): OrganisationId {
  if (request.principal?.kind !== 'organisation') throw new Error(`${request.routeOptions.url ?? 'route'} has no organisation`);
  return request.principal.organisationId;
}

/** The token that was shown. Only for routes whose access is a scope. */
export function tokenOf(request: FastifyRequest): TokenId {
  if (request.principal?.kind !== 'organisation') throw new Error(`${request.routeOptions.url ?? 'route'} has no organisation`);
  return request.principal.tokenId;
}
