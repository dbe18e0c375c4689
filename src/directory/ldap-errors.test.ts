import type { LockstepError } from '../shared/errors.ts';
import { connectError, connectionLost, type Endpoint, endpointText, type LdapOperation, malformed, resultError, tlsError } from './ldap-errors.ts';

const ldaps: Endpoint = { host: 'dc1.corp.example', port: 636, security: 'ldaps' };
const verdict = (error: LockstepError): string => `${error.class} ${error.code}`;
const systemError = (code: string) => Object.assign(new Error('connect failed'), { code });
const result = (code: number, operation: LdapOperation, diagnostic = '', matchedDn = '') =>
  resultError({ code, diagnostic, matchedDn }, operation, ldaps, 'OU=Nope,DC=corp,DC=example');

describe('connecting', () => {
  test.each([
    ['ENOTFOUND', 'ConfigInvalid ldap.host-not-found'],
    ['EAI_AGAIN', 'Unavailable ldap.dns-unavailable'],
    ['ECONNREFUSED', 'Unavailable ldap.refused'],
    ['ETIMEDOUT', 'Unavailable ldap.connect-timeout'],
    ['EHOSTUNREACH', 'Unavailable ldap.unreachable'],
    ['ENETUNREACH', 'Unavailable ldap.unreachable'],
    ['ESOMETHINGNEW', 'Unavailable ldap.unreachable'],
  ])('%s is %s', (code, expected) => {
    expect(verdict(connectError(systemError(code), ldaps))).toBe(expected);
    // Several addresses tried at once.
    expect(verdict(connectError(new AggregateError([systemError(code)]), ldaps))).toBe(expected);
  });

  test('what is no error object is unreachable too', () => {
    expect(verdict(connectError(undefined, ldaps))).toBe('Unavailable ldap.unreachable');
  });
});

describe('TLS', () => {
  test.each([
    ['CERT_HAS_EXPIRED', 'ConfigInvalid ldap.certificate-expired'],
    ['CERT_NOT_YET_VALID', 'ConfigInvalid ldap.certificate-expired'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'ConfigInvalid ldap.certificate-name'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'ConfigInvalid ldap.certificate-untrusted'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'ConfigInvalid ldap.certificate-untrusted'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'ConfigInvalid ldap.certificate-untrusted'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'ConfigInvalid ldap.certificate-untrusted'],
    ['CERT_REVOKED', 'ConfigInvalid ldap.certificate-untrusted'],
    ['EPROTO', 'ConfigInvalid ldap.tls-handshake'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'ConfigInvalid ldap.tls-handshake'],
    ['ECONNRESET', 'Unavailable ldap.tls-closed'],
  ])('%s is %s', (code, expected) => expect(verdict(tlsError(systemError(code), ldaps))).toBe(expected));
});

describe('results', () => {
  const ad = (data: string) => `80090308: LdapErr: DSID-0C090569, comment: AcceptSecurityContext error, data ${data}, v4563\u0000`;
  test.each([
    ['525', 'AuthRejected ldap.account-unknown'],
    ['52e', 'AuthRejected ldap.invalid-credentials'],
    ['52E', 'AuthRejected ldap.invalid-credentials'],
    ['52f', 'AuthRejected ldap.account-restricted'],
    ['530', 'Unavailable ldap.logon-hours'],
    ['531', 'AuthRejected ldap.logon-workstation'],
    ['532', 'AuthRejected ldap.password-expired'],
    ['533', 'AuthRejected ldap.account-disabled'],
    ['534', 'AuthRejected ldap.logon-type'],
    ['701', 'AuthRejected ldap.account-expired'],
    ['773', 'AuthRejected ldap.password-must-change'],
    ['775', 'AuthRejected ldap.account-locked'],
    ['fff', 'AuthRejected ldap.invalid-credentials'],
  ])('a bind refused with data %s is %s', (data, expected) => {
    const error = result(49, 'bind', ad(data));
    expect(verdict(error)).toBe(expected);
    // A refused sign-in parks the schedule: the advice says what ends that.
    if (error.class === 'AuthRejected') expect(error.next).toMatch(/lockstep directory (?:sync NAME|change NAME .*--password)/);
  });

  test('a bind refused without a reason is a wrong password', () => {
    expect(verdict(result(49, 'bind'))).toBe('AuthRejected ldap.invalid-credentials');
  });

  test.each<[number, LdapOperation, string, string]>([
    [1, 'search', '000004DC: LdapErr: DSID-0C090A4C, comment: In order to perform this operation a successful bind must be completed', 'Unavailable ldap.not-bound'],
    [1, 'search', 'something else', 'Unavailable ldap.operations-error'],
    [2, 'search', '', 'Unavailable ldap.failed'],
    [3, 'search', '', 'Unavailable ldap.time-limit'],
    [4, 'search', '', 'ConfigInvalid ldap.size-limit'],
    [7, 'bind', '', 'ConfigInvalid ldap.strong-auth-required'],
    [8, 'bind', '00002028: LdapErr: DSID-0C090202', 'ConfigInvalid ldap.strong-auth-required'],
    [8, 'starttls', '', 'ConfigInvalid ldap.strong-auth-required'],
    [10, 'search', '', 'ConfigInvalid directory.base-elsewhere'],
    [11, 'search', '', 'ConfigInvalid ldap.admin-limit'],
    [12, 'search', '', 'ConfigInvalid ldap.paging-unsupported'],
    [12, 'next-page', '', 'CursorInvalid ldap.paging-lost'],
    [53, 'next-page', '', 'CursorInvalid ldap.paging-lost'],
    [2, 'next-page', '', 'CursorInvalid ldap.paging-lost'],
    [80, 'next-page', '', 'CursorInvalid ldap.paging-lost'],
    [51, 'next-page', '', 'Unavailable ldap.busy'],
    [13, 'bind', '', 'ConfigInvalid ldap.strong-auth-required'],
    [18, 'search', '', 'ConfigInvalid directory.filter-refused'],
    [21, 'search', '', 'ConfigInvalid directory.filter-refused'],
    [32, 'search', '', 'ConfigInvalid directory.base-missing'],
    [32, 'range', '', 'ItemUnreadable directory.values-incomplete'],
    [1, 'range', '', 'ItemUnreadable directory.values-incomplete'],
    [1, 'range', '000004DC', 'Unavailable ldap.not-bound'],
    [52, 'range', '', 'Unavailable ldap.unavailable'],
    [34, 'search', '', 'ConfigInvalid directory.base-invalid'],
    [48, 'bind', '', 'ConfigInvalid ldap.insufficient-rights'],
    [50, 'search', '', 'ConfigInvalid ldap.insufficient-rights'],
    [51, 'search', '', 'Unavailable ldap.busy'],
    [52, 'bind', '', 'Unavailable ldap.unavailable'],
    [52, 'starttls', 'Error initializing SSL/TLS', 'ConfigInvalid ldap.starttls-unavailable'],
    [2, 'starttls', '', 'ConfigInvalid ldap.starttls-unavailable'],
    [53, 'search', '', 'Unavailable ldap.unwilling'],
    [87, 'search', '', 'ConfigInvalid directory.filter-refused'],
    [4096, 'search', '', 'Unavailable ldap.failed'],
    [12, 'first-changes', '', 'ConfigInvalid directory.changes-refused'],
    [50, 'first-changes', '', 'ConfigInvalid directory.changes-refused'],
    [53, 'first-changes', '', 'ConfigInvalid directory.changes-refused'],
    [51, 'first-changes', '', 'Unavailable ldap.busy'],
    [1, 'first-changes', '000004DC', 'Unavailable ldap.not-bound'],
    [12, 'changes', '', 'CursorInvalid directory.changes-rejected'],
    [1, 'changes', '', 'CursorInvalid directory.changes-rejected'],
    [2, 'changes', '', 'CursorInvalid directory.changes-rejected'],
    [50, 'changes', '', 'ConfigInvalid ldap.insufficient-rights'],
    [3, 'changes', '', 'Unavailable ldap.time-limit'],
    [52, 'changes', '', 'Unavailable ldap.unavailable'],
    [1, 'changes', '000004DC', 'Unavailable ldap.not-bound'],
  ])('result %i of a %s saying "%.30s" is %s', (code, operation, diagnostic, expected) => {
    const error = result(code, operation, diagnostic);
    expect(verdict(error)).toBe(expected);
    expect(error.next).not.toBe('');
  });

  test('a missing base says how far the path exists', () => {
    expect(result(32, 'search', '', 'DC=corp,DC=example').message).toBe(
      '"OU=Nope,DC=corp,DC=example" does not exist; what exists is "DC=corp,DC=example", or the account may not see it.',
    );
  });

  test("a server's words are one line and cut short", () => {
    const { message } = result(80, 'search', `a\r\nb\u0000${'x'.repeat(5000)}`);
    expect(message).toContain('"a b x');
    expect(message.length).toBeLessThan(400);
    expect([...message].every((character) => character >= ' ')).toBe(true);
  });
});

test('a peer that never spoke LDAP is a wrong setting; one that did has a passing trouble', () => {
  expect(verdict(malformed(ldaps, false, undefined))).toBe('ConfigInvalid ldap.not-ldap');
  expect(verdict(malformed(ldaps, true, undefined))).toBe('Unavailable ldap.malformed');
  expect(connectionLost(ldaps, false).next).toContain('636');
  expect(connectionLost(ldaps, true).next).toContain('starts again');
});

test('an address of IPv6 stands in brackets', () => {
  expect(endpointText({ ...ldaps, host: '2001:db8::1' })).toBe('[2001:db8::1]:636');
});
