/**
 * What each failure of a directory means, decided where it is seen. Sources: RFC 4511 appendix A (result codes); Microsoft,
 * "LDAP bind errors" (the `data` codes in AD's diagnostic message, which are Win32 error numbers in hexadecimal); Node's
 * documentation of TLS and system error codes.
 *
 * Messages may name the server and the base DN, for they go to the administrator; they never hold the password, and the
 * server's own words are cut short.
 */
import type { DirectorySecurity } from '../shared/directory.ts';
import { type ErrorClass, LockstepError } from '../shared/errors.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly security: DirectorySecurity;
}
export const endpointText = ({ host, port }: Endpoint): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

/** What was being done: the same result code means different things. */
export type LdapOperation = 'starttls' | 'bind' | 'rootdse' | 'search' | 'next-page' | 'range' | 'first-changes' | 'changes';

/** LDAPResult (RFC 4511 §4.1.9). */
export interface LdapResult {
  readonly code: number;
  readonly matchedDn: string;
  readonly diagnostic: string;
}

type Verdict = readonly [errorClass: ErrorClass, code: string, message: string, next: string];
const failure = ([errorClass, code, message, next]: Verdict, cause?: unknown): LockstepError =>
  new LockstepError({ class: errorClass, code, message, next, ...(cause === undefined ? {} : { cause }) });

/* ---- connecting ---- */

export function connectError(error: unknown, endpoint: Endpoint): LockstepError {
  const where = endpointText(endpoint);
  const code = errorCode(error);
  switch (code) {
    case 'ENOTFOUND':
      return failure(['ConfigInvalid', 'ldap.host-not-found', `The name ${endpoint.host} is not known in DNS.`,
        'Correct the host of the integration, or leave it empty to have it found; check the DNS server of the site.'], error);
    case 'EAI_AGAIN':
      return failure(['Unavailable', 'ldap.dns-unavailable', `DNS did not answer for ${endpoint.host}.`,
        'Check the DNS server that the site uses.'], error);
    case 'ECONNREFUSED':
      return failure(['Unavailable', 'ldap.refused', `${where} refuses connections.`,
        `Check that a domain controller runs there and that port ${endpoint.port} is right and open in its firewall.`], error);
    case 'ETIMEDOUT':
      return connectTimeout(endpoint);
    default:
      return failure(['Unavailable', 'ldap.unreachable', `${where} cannot be reached (${code}).`,
        'Check the network and the firewall between the site and the domain controller.'], error);
  }
}

export const connectTimeout = (endpoint: Endpoint): LockstepError =>
  failure(['Unavailable', 'ldap.connect-timeout', `${endpointText(endpoint)} did not answer the connection in time.`,
    'Check that the host is running and that no firewall drops the packets on the way.']);

/* ---- TLS ---- */

const untrusted = new Set(['SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERT_SIGNATURE_FAILURE', 'CERT_UNTRUSTED', 'CERT_REJECTED',
  'CERT_REVOKED', 'CERT_CHAIN_TOO_LONG', 'PATH_LENGTH_EXCEEDED', 'INVALID_CA', 'INVALID_PURPOSE', 'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE']);

export function tlsError(error: unknown, endpoint: Endpoint): LockstepError {
  const where = endpointText(endpoint);
  const code = errorCode(error);
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return failure(['ConfigInvalid', 'ldap.certificate-expired',
      `The certificate of ${where} (or of its authority) ${code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet'}.`,
      'Renew the certificate of the domain controller; check the clocks of both machines.'], error);
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return failure(['ConfigInvalid', 'ldap.certificate-name', `The certificate of ${where} is not for the name ${endpoint.host}.`,
      'Give the host by a name that the certificate holds, or renew the certificate with this name.'], error);
  }
  if (untrusted.has(code)) {
    return failure(['ConfigInvalid', 'ldap.certificate-untrusted', `The certificate of ${where} is not from a trusted authority (${code}).`,
      'Give the certificate of the authority that signed it (caPem), or install it in the trust store of the site.'], error);
  }
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') {
    return failure(['ConfigInvalid', 'ldap.tls-handshake', `${where} and the site found no common TLS (${code}).`,
      endpoint.security === 'ldaps'
        ? 'Check that the port is the one for LDAPS (636) and that the controller offers TLS 1.2 or later.'
        : 'Check that the controller offers TLS 1.2 or later.'], error);
  }
  return failure(['Unavailable', 'ldap.tls-closed', `${where} closed the connection during the TLS handshake (${code}).`,
    endpoint.security === 'ldaps'
      ? 'A controller does this when it has no certificate for server authentication; or the port is not the one for LDAPS (636).'
      : 'A controller does this when it has no certificate for server authentication.'], error);
}

/** The settings' own certificate cannot be read. */
export const caInvalid = (cause?: unknown): LockstepError =>
  failure(['ConfigInvalid', 'directory.ca-invalid', 'The certificate of the authority (caPem) is no readable PEM.',
    'Give it as text that begins with -----BEGIN CERTIFICATE-----.'], cause);

/* ---- an open connection ---- */

export const noAnswer = (endpoint: Endpoint, seconds: number): LockstepError =>
  failure(['Unavailable', 'ldap.no-answer', `${endpointText(endpoint)} said nothing for ${seconds} seconds.`,
    'Check the load of the domain controller; a proxy or firewall in between may have dropped the connection.']);

/** @param answered whether this peer has ever sent a proper LDAP message */
export const connectionLost = (endpoint: Endpoint, answered: boolean, cause?: unknown): LockstepError =>
  failure(['Unavailable', 'ldap.connection-lost', `${endpointText(endpoint)} ended the connection before its answer was whole.`,
    answered
      ? 'Nothing to do if it happens once: the reading starts again. Otherwise look for restarts of the controller or a proxy in between.'
      : 'Check that port and security of the integration go together (LDAPS uses 636; StartTLS and plain use 389).'], cause);

/** @param answered whether this peer has ever sent a proper LDAP message */
export const malformed = (endpoint: Endpoint, answered: boolean, cause: unknown): LockstepError =>
  answered
    ? failure(['Unavailable', 'ldap.malformed', `${endpointText(endpoint)} sent something that is not LDAP.`,
        'Look for a proxy in between that alters the traffic.'], cause)
    : failure(['ConfigInvalid', 'ldap.not-ldap', `What listens on ${endpointText(endpoint)} does not speak LDAP.`,
        'Correct host, port and security of the integration (LDAPS uses 636; StartTLS and plain use 389).'], cause);

/* ---- results ---- */

/** A refused sign-in parks the schedule (archive/run-tick.ts): what ends that belongs to the advice. */
const thenSync = 'then: lockstep directory sync NAME';
const enterPassword = 'enter the password again: lockstep directory change NAME --password';

/** AD's `data` code in the diagnostic of a refused bind: `80090308: LdapErr: DSID-0C090569, comment: AcceptSecurityContext error, data 52e, v4563`. */
const bindVerdicts: ReadonlyMap<string, Verdict> = new Map<string, Verdict>([
  ['525', ['AuthRejected', 'ldap.account-unknown', 'The domain does not know the account.',
    'Correct the account: lockstep directory change NAME --account ACCOUNT --password.']],
  ['52e', ['AuthRejected', 'ldap.invalid-credentials', 'The domain refused the account and password.',
    `Check the account name, and ${enterPassword}`]],
  ['52f', ['AuthRejected', 'ldap.account-restricted', 'A policy keeps the account from signing in.',
    `Lift the restriction of the account, ${thenSync}`]],
  ['530', ['Unavailable', 'ldap.logon-hours', 'The account may not sign in at this time.',
    'Allow the account to sign in at all hours, or synchronise when it may.']],
  ['531', ['AuthRejected', 'ldap.logon-workstation', 'The account may not sign in from this machine.',
    `Take the restriction "Log on to" from the account, or add the domain controllers to it, ${thenSync}`]],
  ['532', ['AuthRejected', 'ldap.password-expired', 'The password of the account has expired.',
    `Change the password, set "password never expires", and ${enterPassword}`]],
  ['533', ['AuthRejected', 'ldap.account-disabled', 'The account is disabled.',
    `Enable the account in Active Directory, ${thenSync}`]],
  ['534', ['AuthRejected', 'ldap.logon-type', 'The account lacks the right to sign in this way.',
    `Give the account the right "access this computer from the network" on the domain controllers, ${thenSync}`]],
  ['701', ['AuthRejected', 'ldap.account-expired', 'The account has expired.',
    `Extend the account in Active Directory, ${thenSync}`]],
  ['773', ['AuthRejected', 'ldap.password-must-change', 'The account must change its password first.',
    `Take "user must change password at next logon" from the account, and ${enterPassword}`]],
  ['775', ['AuthRejected', 'ldap.account-locked', 'The account is locked.',
    `Unlock the account and find out what signs in with a wrong password, ${thenSync}`]],
]);

/** A result other than success. */
export function resultError(result: LdapResult, operation: LdapOperation, endpoint: Endpoint, base = ''): LockstepError {
  const where = endpointText(endpoint);
  const said = result.diagnostic === '' ? '' : ` It said: ${quote(result.diagnostic)}.`;
  const verdict = verdictOf(result, operation, where, said, base);
  return failure(verdict);
}

function verdictOf(result: LdapResult, operation: LdapOperation, where: string, said: string, base: string): Verdict {
  if (operation === 'starttls' && result.code !== 8) {
    return ['ConfigInvalid', 'ldap.starttls-unavailable', `${where} does not offer StartTLS (result ${result.code}).${said}`,
      'Give the domain controller a certificate for server authentication, or use LDAPS.'];
  }
  // A lost page cookie shows as one of several results (the pool of cookies on a controller is small); none of them
  // can be cured but by reading from the beginning.
  if (operation === 'next-page' && [2, 12, 53, 80].includes(result.code)) {
    return ['CursorInvalid', 'ldap.paging-lost', `${where} no longer knew where the reading was (result ${result.code}).${said}`,
      'Nothing: the reading starts again.'];
  }
  // The object went away, or shrank below the place that was asked for, while its values were read.
  const notBound = result.code === 1 && /4dc/i.test(result.diagnostic);
  if (operation === 'range' && [1, 16, 32, 34].includes(result.code) && !notBound) {
    return ['ItemUnreadable', 'directory.values-incomplete', `It changed while its values were read (result ${result.code}).`,
      'Nothing: the next reading tries again.'];
  }
  // Which result stands for what is written nowhere (Windows and Samba differ), so every one but those that pass counts.
  const passing = [3, 51, 52].includes(result.code) || notBound;
  if (operation === 'first-changes' && !passing) {
    return ['ConfigInvalid', 'directory.changes-refused', `${where} does not give changes to this account (result ${result.code}).${said}`,
      'Nothing: another way is used. Ask a domain controller directly and not through a proxy.'];
  }
  if (operation === 'changes' && !passing && result.code !== 50) {
    return ['CursorInvalid', 'directory.changes-rejected', `${where} no longer knows where the changes had got to (result ${result.code}).${said}`,
      'Nothing: the directory is read in full again.'];
  }
  switch (result.code) {
    case 1:
      // 000004DC: "in order to perform this operation a successful bind must be completed on the connection".
      return ['Unavailable', notBound ? 'ldap.not-bound' : 'ldap.operations-error',
        `${where} could not do what was asked (operations error).${said}`, 'Look into the event log of the domain controller.'];
    case 3:
      return ['Unavailable', 'ldap.time-limit', `${where} gave up because the search took too long.`,
        'Reading is tried again. If it stays so: narrow the search bases, or use attributes with an index in the filter.'];
    case 4:
      return ['ConfigInvalid', 'ldap.size-limit', `${where} gives only part of the answer (size limit) although it was asked page by page.`,
        'Ask a domain controller directly and not through a proxy that cannot page.'];
    case 7:
    case 8:
    case 13:
      return ['ConfigInvalid', 'ldap.strong-auth-required', `${where} demands a protected connection.`,
        'Set the security of the integration to ldaps or starttls.'];
    case 10:
      return ['ConfigInvalid', 'directory.base-elsewhere', `${quote(base)} belongs to another domain than ${where} serves.`,
        'Make an integration of its own for that domain, or correct the base.'];
    case 11:
      return ['ConfigInvalid', 'ldap.admin-limit', `${where} refuses the search because of its limits.${said}`,
        'Narrow the search bases, or use attributes with an index in the filter.'];
    case 12:
      return ['ConfigInvalid', 'ldap.paging-unsupported', `${where} cannot answer page by page.${said}`,
        'Ask a domain controller directly and not through a proxy.'];
    case 16:
    case 17:
    case 18:
    case 21:
    case 87:
      return ['ConfigInvalid', 'directory.filter-refused', `${where} cannot use the filter (result ${result.code}).${said}`,
        'Correct the filter of the integration.'];
    case 32:
      return ['ConfigInvalid', 'directory.base-missing',
        `${quote(base)} does not exist${result.matchedDn === '' ? '' : `; what exists is ${quote(result.matchedDn)}`}, or the account may not see it.`,
        'Correct the base DN or the search bases of the integration.'];
    case 34:
      return ['ConfigInvalid', 'directory.base-invalid', `${quote(base)} is no distinguished name.`,
        'Correct the base DN or the search bases of the integration (for example OU=People,DC=corp,DC=example).'];
    case 49:
      return bindVerdicts.get(dataCode(result.diagnostic)) ??
        ['AuthRejected', 'ldap.invalid-credentials', `${where} refused the account and password.${said}`,
          `Check the account name, and ${enterPassword}`];
    case 48:
    case 50:
      return ['ConfigInvalid', 'ldap.insufficient-rights', `The account may not do this on ${where}.${said}`,
        'Give the account the right to read the domain.'];
    case 51:
      return ['Unavailable', 'ldap.busy', `${where} is too busy.`, 'Nothing: it is tried again.'];
    case 52:
      return ['Unavailable', 'ldap.unavailable', `${where} is starting up or shutting down.${said}`, 'Nothing: it is tried again.'];
    case 53:
      return ['Unavailable', 'ldap.unwilling', `${where} is not willing to do what was asked.${said}`,
        'Look into the event log of the domain controller.'];
    default:
      // Anything unknown is taken as passing: giving up for good needs a known reason.
      return ['Unavailable', 'ldap.failed', `${where} answered with result ${result.code} (${operation}).${said}`,
        'Look into the event log of the domain controller.'];
  }
}

const dataCode = (diagnostic: string): string => /\bdata ([0-9a-f]{3,8})\b/i.exec(diagnostic)?.[1]?.toLowerCase() ?? '';

/** Server text in our sentences: one line, not too long. */
const quote = (text: string): string => {
  const line = text.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim();
  return `"${line.length > 200 ? `${line.slice(0, 200)}…` : line}"`;
};

/** A system or TLS error's code; for several addresses tried, the first one's. */
function errorCode(error: unknown): string {
  if (error instanceof AggregateError) return errorCode((error.errors as unknown[])[0]);
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'unknown error';
}
