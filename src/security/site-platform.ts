/** The routes by which a site enrols, gets tokens and replaces its keys, as the site calls them. */
import { type Static, type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';
import { type ErrorClass, LockstepError } from '../shared/errors.ts';
import { siteId } from '../shared/ids.ts';
import type {
  EnrolAnswer,
  EnrolRequest,
  RotateSiteKeysRequest,
  SiteCredentialsAnswer,
  SiteTokenAnswer,
  SiteTokenRequest,
} from '../shared/site-contract.ts';
import { credentialContextPattern } from './seal.ts';

export interface SitePlatform {
  enrol(request: EnrolRequest): Promise<EnrolAnswer>;
  token(request: SiteTokenRequest): Promise<SiteTokenAnswer>;
  credentials(token: string): Promise<SiteCredentialsAnswer>;
  rotateKeys(token: string, request: RotateSiteKeysRequest): Promise<void>;
}

/** An answer takes milliseconds; after this the platform is taken for away. */
const TIMEOUT_MS = 20_000;

const Enrolled = Type.Object({ siteId: Type.String(), siteName: Type.String(), organisation: Type.String() });
const Token = Type.Object({
  token: Type.String(),
  expiresIn: Type.Number(),
  gateway: Type.String(),
  gatewayTls: Type.Boolean(),
  namespace: Type.String(),
  queue: Type.String(),
});
const Credentials = Type.Object({ credentials: Type.Array(Type.Object({ context: Type.String({ pattern: credentialContextPattern.source }), sealed: Type.String() })) });
const ProblemAnswer = Type.Object({ code: Type.String(), detail: Type.String(), next: Type.Optional(Type.String()) });

/**
 * `baseUrl`: the platform's address, `https://lockstep.example`. Refusals of the platform are thrown as LockstepError with
 * its code; an unreachable platform as Unavailable `platform.unreachable`, an answer of something else as ConfigInvalid
 * `platform.not-lockstep`.
 */
export function createSitePlatform(options: { readonly baseUrl: string; readonly fetch?: typeof fetch | undefined }): SitePlatform {
  const send = options.fetch ?? fetch;

  const call = async (method: 'GET' | 'POST', path: string, body: unknown, token?: string): Promise<unknown> => {
    let response: Response;
    let text: string;
    try {
      response = await send(new URL(`/site/v1/${path}`, options.baseUrl), {
        method,
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      text = await response.text();
    } catch (cause) {
      throw unreachable(options.baseUrl, cause);
    }
    if (response.status === 204) return undefined;
    const answer = parsed(text);
    if (response.ok && answer !== undefined) return answer;
    if (Value.Check(ProblemAnswer, answer)) throw refusal(response, answer);
    if (response.status >= 500) throw unreachable(options.baseUrl, new Error(`HTTP ${response.status}`));
    throw notLockstep(options.baseUrl);
  };
  const checked = <T extends TSchema>(schema: T, value: unknown): Static<T> => {
    if (!Value.Check(schema, value)) throw notLockstep(options.baseUrl);
    return value;
  };

  return {
    async enrol(request) {
      const answer = checked(Enrolled, await call('POST', 'enrol', request));
      return { ...answer, siteId: siteId(answer.siteId) };
    },
    async token(request) {
      return checked(Token, await call('POST', 'token', request));
    },
    async credentials(token) {
      return checked(Credentials, await call('GET', 'credentials', undefined, token));
    },
    async rotateKeys(token, request) {
      await call('POST', 'rotate-keys', request, token);
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function classOf(status: number): ErrorClass {
  if (status === 401 || status === 403) return 'AuthRejected';
  if (status === 429) return 'Throttled';
  return status >= 500 ? 'Unavailable' : 'ConfigInvalid';
}

const refusal = (response: Response, problem: Static<typeof ProblemAnswer>): LockstepError => {
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new LockstepError({
    class: classOf(response.status),
    code: problem.code,
    message: problem.detail,
    next: problem.next ?? 'See docs/errors.md.',
    waitMs: Number.isFinite(retryAfter) ? retryAfter * 1000 : undefined,
  });
};

const unreachable = (baseUrl: string, cause: unknown): LockstepError =>
  new LockstepError({
    class: 'Unavailable',
    code: 'platform.unreachable',
    message: `The platform at ${baseUrl} cannot be reached: ${reasonOf(cause)}`,
    next: 'Check the address, the network, a proxy in between, and that the platform runs.',
    cause,
  });

/** fetch says only "fetch failed"; the reason is its cause. */
const reasonOf = (error: unknown): string =>
  error instanceof Error ? (error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message) : 'unknown reason';

const notLockstep = (baseUrl: string): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'platform.not-lockstep',
    message: `What answers at ${baseUrl} is not a Lockstep platform.`,
    next: 'Check the platform address of this site; a proxy or another program may answer there.',
  });
