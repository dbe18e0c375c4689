import type { Problem } from '../api/schemas/common.ts';
import { LockstepError } from '../shared/errors.ts';
import { ApiProblem } from './api-problem.ts';
import { inCommands } from './next-commands.ts';

export interface ApiTransportOptions {
  /** `https://lockstep.example`, without a path. */
  readonly url: string;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
}

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the URL, percent-encoded: `/api/v1/sites/berlin`. */
  readonly path: string;
  /** Undefined values are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Statuses beyond 2xx whose body is an answer and no error (readiness: 503). */
  readonly alsoAnswers?: readonly number[];
}

/** An interactive command that got no answer for this long will not get one; the slowest route takes milliseconds. */
const TIMEOUT_MS = 30_000;

/**
 * One request to the API; answers the JSON body, or undefined when there is none. Never repeats a request by itself.
 * @throws ApiProblem when the API refused
 * @throws LockstepError Unavailable `api.unreachable`, `api.timeout`; ConfigInvalid `api.certificate-rejected`, `api.not-lockstep`
 */
export async function apiRequest<T>(options: ApiTransportOptions, request: ApiRequest): Promise<T> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await send(options, request, AbortSignal.any([options.signal, timeout]));
    const body = await response.text();
    if (response.ok && body === '') return undefined as T;
    const json = parse(body);
    if (json !== undefined && (response.ok || request.alsoAnswers?.includes(response.status))) return json as T;
    if (isProblem(json)) throw new ApiProblem(inCommands(json));
    throw notLockstep(options.url, response.status);
  } catch (error) {
    if (error instanceof ApiProblem || error instanceof LockstepError || options.signal.aborted) throw error;
    throw connectionError(options.url, error, timeout.aborted);
  }
}

/**
 * Bytes that the API has, as they arrive. Only their beginning has to come within the time of a request.
 * @throws as apiRequest; LockstepError Unavailable `api.unreachable` also while they arrive
 */
export async function* apiBytes(options: ApiTransportOptions, request: ApiRequest): AsyncGenerator<Uint8Array> {
  const beginning = new AbortController();
  const timer = setTimeout(() => beginning.abort(), TIMEOUT_MS);
  try {
    const response = await send(options, request, AbortSignal.any([options.signal, beginning.signal]));
    clearTimeout(timer);
    if (!response.ok) {
      const json = parse(await response.text());
      if (isProblem(json)) throw new ApiProblem(inCommands(json));
    }
    if (!response.ok || response.body === null) throw notLockstep(options.url, response.status);
    yield* response.body as unknown as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (error instanceof ApiProblem || error instanceof LockstepError || options.signal.aborted) throw error;
    throw connectionError(options.url, error, beginning.signal.aborted);
  } finally {
    clearTimeout(timer);
  }
}

function send(options: ApiTransportOptions, request: ApiRequest, signal: AbortSignal): Promise<Response> {
  const target = new URL(`${options.url.replace(/\/+$/, '')}${request.path}`);
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) target.searchParams.set(name, String(value));
  }
  return fetch(target, {
    method: request.method ?? 'GET',
    // A redirect would carry the token somewhere else than the user said.
    redirect: 'manual',
    signal,
    headers: {
      accept: 'application/json, application/problem+json',
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
  });
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

const isProblem = (json: unknown): json is Problem =>
  typeof json === 'object' && json !== null && 'status' in json && 'code' in json && 'detail' in json;

const notLockstep = (url: string, status: number) =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'api.not-lockstep',
    message: `What answers at ${url} is not the Lockstep API (HTTP status ${status}).`,
    next: 'Check --url, LOCKSTEP_URL or the saved address; a proxy in between may answer in its place.',
  });

/** Codes of OpenSSL and Node for a certificate that was not accepted (nodejs.org/api/tls.html#x509-certificate-error-codes). */
const certificateCodes =
  /^(?:CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|ERR_TLS_CERT_ALTNAME_INVALID|INVALID_CA|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH)/;

function connectionError(url: string, error: unknown, timedOut: boolean): LockstepError {
  if (timedOut) {
    return new LockstepError({
      class: 'Unavailable',
      code: 'api.timeout',
      message: `The API at ${url} did not answer within ${TIMEOUT_MS / 1000} seconds.`,
      next: 'See how the server is: lockstep status.',
    });
  }
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const code = codeOf(cause);
  if (code !== undefined && certificateCodes.test(code)) {
    return new LockstepError({
      class: 'ConfigInvalid',
      code: 'api.certificate-rejected',
      message: `The certificate of ${url} was not accepted (${code}).`,
      next: 'Set LOCKSTEP_CA to the PEM file of the authority that signed it.',
      cause: error,
    });
  }
  return new LockstepError({
    class: 'Unavailable',
    code: 'api.unreachable',
    message: `The API at ${url} cannot be reached${code === undefined ? '' : ` (${code})`}.`,
    next: 'Is the server running? See: lockstep status. Start it: lockstep up.',
    cause: error,
  });
}

/** An attempt at several addresses (IPv4 and IPv6) fails with all their errors; the first one says enough. */
function codeOf(cause: unknown): string | undefined {
  if (cause instanceof AggregateError) return codeOf(cause.errors[0]);
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}
