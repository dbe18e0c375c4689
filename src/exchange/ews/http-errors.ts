/**
 * What each failure below SOAP means: of the network, TLS, HTTP, or of something in between that answers in Exchange's place.
 * Messages name the server, never an account's password or a token.
 */
import { LockstepError, type ErrorClass } from '../../shared/errors.ts';

type Verdict = readonly [errorClass: ErrorClass, code: string, message: string, next: string];
const failure = ([errorClass, code, message, next]: Verdict, about: { readonly cause?: unknown; readonly waitMs?: number | undefined } = {}): LockstepError =>
  new LockstepError({ class: errorClass, code, message, next, ...about });

const untrusted = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'INVALID_CA',
]);

const codeOf = (error: unknown): string => {
  for (let at = error; typeof at === 'object' && at !== null; at = 'cause' in at ? at.cause : undefined) {
    if ('code' in at && typeof at.code === 'string') return at.code;
  }
  return 'unknown';
};

/** The connection was ended before an answer began: an idle one may be, at any time, and asking once more on another is right. */
export const isLostConnection = (error: unknown): boolean => ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(codeOf(error));

/** No answer came, or it ended in its middle. */
export function networkError(error: unknown, host: string): LockstepError {
  const code = codeOf(error);
  const because = { cause: error };
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return failure(['ConfigInvalid', 'ews.certificate-expired', `The certificate of ${host} ${code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet'}.`,
      'Renew the certificate of Exchange (Client Access services); check the clocks of both machines.'], because);
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return failure(['ConfigInvalid', 'ews.certificate-name', `The certificate of ${host} is for another name.`,
      'Give the address under a name that the certificate holds: lockstep connection change NAME --url URL.'], because);
  }
  if (untrusted.has(code)) {
    return failure(['ConfigInvalid', 'ews.certificate-untrusted', `The certificate of ${host} is not from a trusted authority (${code}).`,
      'Give the certificate of the authority that signed it: lockstep connection change NAME --ca-file FILE.'], because);
  }
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') {
    return failure(['ConfigInvalid', 'ews.tls-handshake', `${host} and the site found no common TLS (${code}).`,
      'Check that the address begins with https and has the right port, and that the server offers TLS 1.2 or later.'], because);
  }
  if (code === 'ENOTFOUND') {
    return failure(['ConfigInvalid', 'ews.host-not-found', `The name ${host} is not known in DNS.`,
      'Correct the address of the connection; check the DNS server of the site.'], because);
  }
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
    return failure(['Unavailable', 'ews.no-answer', `${host} accepted a request and did not answer in time.`,
      'Nothing to do if it passes; otherwise look at the load of Exchange.'], because);
  }
  return failure(['Unavailable', 'ews.unreachable', `${host} cannot be reached or ended the connection (${code}).`,
    'Check that Exchange runs, and the network, proxy and firewall between the site and it.'], because);
}

/** The document was cut off, or is no XML. */
export const malformedAnswer = (host: string, cause: unknown): LockstepError =>
  failure(['Unavailable', 'ews.answer-malformed', `The answer of ${host} is cut off or damaged.`,
    'It is asked again. If it stays so, look for a proxy in between that alters answers.'], { cause });

/** Something else than Exchange answers. */
export const notExchange = (host: string): LockstepError =>
  failure(['Unavailable', 'ews.not-exchange', `What answers at ${host} is not Exchange Web Services (a web page, for example of a proxy or a portal).`,
    'Open the address in a browser on the machine of the site; correct the address, or let the proxy pass the site.']);

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  readonly location: string | undefined;
}

/** Undefined: it is an answer of SOAP, to be read. */
export function statusError({ status, contentType, retryAfter, location }: HttpAnswer, host: string, now: Date): LockstepError | undefined {
  const waitMs = retryAfterMs(retryAfter, now);
  switch (status) {
    case 401:
      return failure(['AuthRejected', 'ews.credential-refused', `${host} refused account and password.`,
        'Enter them again: lockstep connection change NAME --account ACCOUNT --password. A locked or disabled account is refused too.']);
    case 403:
      return failure(['ConfigInvalid', 'ews.forbidden', `${host} does not let this account use Exchange Web Services.`,
        'See EwsEnabled, EwsApplicationAccessPolicy and EwsAllowList (Get-CASMailbox, Get-OrganizationConfig); the user agent is Lockstep.']);
    case 404:
    case 405:
      return failure(['ConfigInvalid', 'ews.wrong-address', `There are no Exchange Web Services at this address (${host}).`,
        'Correct the address; it ends with /EWS/Exchange.asmx.']);
    case 407:
      return failure(['ConfigInvalid', 'ews.proxy-credential', 'The proxy wants a password.', 'Let the proxy pass the site without one, or name it with one: http://user:password@proxy:port.']);
    case 429:
      return failure(['Throttled', 'ews.throttled', `${host} asks for fewer requests.`, 'Nothing to do: Lockstep waits and tries again.'], { waitMs });
    case 503:
      return waitMs === undefined
        ? failure(['Unavailable', 'ews.unavailable', `${host} is not available just now (503).`, 'If it stays so, see whether the application pool of Exchange Web Services runs.'])
        : failure(['Throttled', 'ews.throttled', `${host} asks for fewer requests (503).`, 'Nothing to do: Lockstep waits and tries again.'], { waitMs });
  }
  if (status >= 300 && status < 400) {
    return failure(['ConfigInvalid', 'ews.redirected', `${host} sends us elsewhere${location === undefined ? '' : ` (${location.slice(0, 200)})`}.`,
      'Give the address of Exchange Web Services itself: lockstep connection change NAME --url URL.']);
  }
  if (/\bxml\b/.test(contentType)) return undefined;
  if (status === 200) return notExchange(host);
  return failure(['Unavailable', 'ews.server-error', `${host} answered with HTTP ${status}.`, 'Look into the event log of the Exchange server.']);
}

/** Seconds or a date (RFC 9110 §10.2.3), in milliseconds from `now`. */
function retryAfterMs(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,6}$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}
