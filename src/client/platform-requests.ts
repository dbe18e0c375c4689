/** Requests of a site to the platform: HTTP, JSON, repeated as long as waiting can cure. */
import { setTimeout as pause } from 'node:timers/promises';
import { LockstepError } from '../shared/errors.ts';

export interface PlatformRequestOptions {
  /** Origin of the platform, `https://lockstep.example`. */
  readonly baseUrl: string;
  /** A token that is valid now; asked for again after a 401. */
  readonly token: () => Promise<string>;
  /** With a certification authority of its own, for example. */
  readonly fetch?: typeof fetch;
  readonly patience?: Partial<Patience>;
}

export interface Patience {
  /** For one request and its answer. A page is committed before it is answered. */
  readonly requestMs: number;
  /** How long a platform that cannot be reached is tried again before the activity gives up this attempt. */
  readonly outageMs: number;
  /** How long a platform that asks to wait (429) is waited for in all; LDAP connections end after 900 s of rest (MaxConnIdleTime). */
  readonly throttledMs: number;
  /** First wait after an outage; doubled each time up to ten times itself. */
  readonly firstPauseMs: number;
}
const defaultPatience: Patience = { requestMs: 60_000, outageMs: 45_000, throttledMs: 300_000, firstPauseMs: 500 };

/** What is waited for when the platform says 429 and not for how long. */
const DEFAULT_WAIT_MS = 2000;

export interface PlatformRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly path: string;
  /** JSON; or a stream, whose length and type are among the headers. */
  readonly body?: Buffer | AsyncIterable<Buffer>;
  readonly headers?: Record<string, string>;
}

/** Gives the answer as JSON. Throws a LockstepError of the class that the last answer means. */
export type SendToPlatform = (request: PlatformRequest, signal: AbortSignal) => Promise<unknown>;

export function createPlatformRequests(options: PlatformRequestOptions): SendToPlatform {
  const { attempt, patiently } = createPlatformAttempts(options);
  return (what, signal) => patiently(async () => (await attempt(what, signal)).body, signal);
}

export interface PlatformAnswer {
  /** As JSON. */
  readonly body: unknown;
  readonly headers: Headers;
}

export interface PlatformAttempts {
  /**
   * One try; `withinMs` instead of the patience for one request. Throws a LockstepError of the class that the answer means; an outage
   * is `platform.unreachable`.
   */
  readonly attempt: (request: PlatformRequest, signal: AbortSignal, withinMs?: number) => Promise<PlatformAnswer>;
  /** Repeats what waiting can cure, for as long as patience lasts; the last failure is thrown. */
  readonly patiently: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
}

export function createPlatformAttempts({ baseUrl, token, fetch: send = fetch, patience: given }: PlatformRequestOptions): PlatformAttempts {
  const patience = { ...defaultPatience, ...given };
  const origin = baseUrl.replace(/\/+$/, '');

  const attempt: PlatformAttempts['attempt'] = async ({ method, path, body, headers }, signal, withinMs = patience.requestMs) => {
    const bearer = await token();
    let response: Response;
    let text: string;
    try {
      response = await send(`${origin}/site/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${bearer}`, accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : Buffer.isBuffer(body) ? { body } : { body, duplex: 'half' as const }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(withinMs)]),
        redirect: 'error',
      });
      text = await response.text();
    } catch (error) {
      signal.throwIfAborted();
      throw unreachable(error);
    }
    const answer = parseJson(text);
    if (response.ok) {
      if (answer === undefined && text !== '') throw unreachable(new Error('the answer is no JSON'));
      return { body: answer, headers: response.headers };
    }
    throw refusal(response, answer);
  };

  const patiently: PlatformAttempts['patiently'] = async (work, signal) => {
    let outageSince: number | undefined;
    let throttledSince: number | undefined;
    let pauseMs = patience.firstPauseMs;
    let refreshed = false;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof LockstepError)) throw error;
        const now = performance.now();
        let waitMs: number;
        if (error.class === 'Throttled') {
          outageSince = undefined;
          throttledSince ??= now;
          waitMs = error.waitMs ?? DEFAULT_WAIT_MS;
          if (now + waitMs - throttledSince > patience.throttledMs) throw error;
        } else if (error.class === 'Unavailable') {
          throttledSince = undefined;
          outageSince ??= now;
          waitMs = error.waitMs ?? pauseMs;
          pauseMs = Math.min(pauseMs * 2, patience.firstPauseMs * 10);
          if (now + waitMs - outageSince > patience.outageMs) throw error;
        } else if (error.code === 'site.token-invalid' && !refreshed) {
          // It may have run out on the way.
          refreshed = true;
          continue;
        } else throw error;
        await pause(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    }
  };
  return { attempt, patiently };
}

const unreachable = (cause: unknown): LockstepError =>
  new LockstepError({
    class: 'Unavailable',
    code: 'platform.unreachable',
    message: 'The Lockstep server cannot be reached from the site.',
    next: 'Check the network and proxy between the site and the server, and that the server runs.',
    cause,
  });

/** A problem (RFC 9457) as the failure it stands for. */
function refusal(response: Response, body: unknown): LockstepError {
  const problem = (typeof body === 'object' && body !== null ? body : {}) as { code?: unknown; detail?: unknown; next?: unknown };
  const { status } = response;
  const text = (value: unknown, otherwise: string): string => (typeof value === 'string' && value !== '' ? value : otherwise);
  const waitMs = retryAfterMs(response.headers.get('retry-after'));
  const common = {
    message: text(problem.detail, `The Lockstep server answered ${status}.`),
    next: text(problem.next, 'Look into the log of the server.'),
    ...(waitMs === undefined ? {} : { waitMs }),
  };
  if (status === 429) return new LockstepError({ class: 'Throttled', code: text(problem.code, 'platform.busy'), ...common });
  if (status === 408 || status >= 500) return new LockstepError({ class: 'Unavailable', code: text(problem.code, 'platform.unavailable'), ...common });
  // What has no problem of ours comes from between: a proxy or web application firewall. It passes, as other outages do.
  if ((status === 401 || status === 403) && !isProblem(problem)) {
    return new LockstepError({
      class: 'Unavailable',
      code: 'platform.blocked',
      message: `Something between the site and the Lockstep server refuses the request (${status}).`,
      next: 'Let the requests of the site pass the proxy or firewall in front of the server.',
      ...(waitMs === undefined ? {} : { waitMs }),
    });
  }
  if (status === 401) return new LockstepError({ class: 'AuthRejected', code: text(problem.code, 'site.token-invalid'), ...common });
  if (status === 403) return new LockstepError({ class: 'AuthRejected', code: text(problem.code, 'site.not-allowed'), ...common });
  // A conflict of the cursor is cured by reading again; any other refusal says that site and server do not go together.
  const code = text(problem.code, 'platform.refused');
  return new LockstepError({ class: status === 409 && isOfCursor(code) ? 'CursorInvalid' : 'ConfigInvalid', code, ...common });
}

/** Of a reading that another attempt took over, or whose subject is gone. */
const isOfCursor = (code: string): boolean => code.startsWith('cursor.') || code === 'mailbox.lease-lost' || code === 'mailbox.folder-gone';

const isProblem = ({ code, detail }: { readonly code?: unknown; readonly detail?: unknown }): boolean =>
  typeof code === 'string' && /^[a-z0-9]+[a-z0-9.-]*$/.test(code) && typeof detail === 'string';

/** Longer than any wait that the platform asks for; what says more is a proxy's mistake. */
const MOST_WAIT_MS = 600_000;

/** Seconds or a date (RFC 9110 §10.2.3). */
export function retryAfterMs(header: string | null, now = Date.now()): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.min(MOST_WAIT_MS, Math.max(0, ms));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
