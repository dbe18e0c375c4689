/** LDAP result codes that the sample directory uses. RFC 4511, section 4.1.9. */
export const resultCodes = {
  success: 0,
  operationsError: 1,
  protocolError: 2,
  timeLimitExceeded: 3,
  sizeLimitExceeded: 4,
  authMethodNotSupported: 7,
  strongerAuthRequired: 8,
  referral: 10,
  unavailableCriticalExtension: 12,
  noSuchObject: 32,
  invalidDnSyntax: 34,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  busy: 51,
  unavailable: 52,
  unwillingToPerform: 53,
} as const;

export interface LdapResult {
  readonly code: number;
  readonly matchedDn?: string;
  readonly message?: string;
  /** URLs. */
  readonly referrals?: readonly string[];
}

export const success: LdapResult = { code: resultCodes.success };

/** AD's own words, which clients match because the code alone says too little. DSID and version differ by build. */
export const adResults = {
  invalidCredentials: (data: string): LdapResult => ({
    code: resultCodes.invalidCredentials,
    message: `80090308: LdapErr: DSID-0C090569, comment: AcceptSecurityContext error, data ${data}, v4563`,
  }),
  bindRequired: {
    code: resultCodes.operationsError,
    message:
      '000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this operation a successful bind must be completed on the connection., data 0, v4563',
  },
  strongerAuthRequired: {
    code: resultCodes.strongerAuthRequired,
    message:
      '00002028: LdapErr: DSID-0C090259, comment: The server requires binds to turn on integrity checking if SSL\\TLS are not already active on the connection, data 0, v4563',
  },
  referral: (url: string): LdapResult => ({
    code: resultCodes.referral,
    message: `0000202B: RefErr: DSID-0310084A, data 0, 1 access points\n\tref 1: '${new URL(url).hostname}'\n`,
    referrals: [url],
  }),
  noSuchObject: (matchedDn: string): LdapResult => ({
    code: resultCodes.noSuchObject,
    matchedDn,
    message: `0000208D: NameErr: DSID-0310028B, problem 2001 (NO_OBJECT), data 0, best match of:\n\t'${matchedDn}'\n`,
  }),
  invalidDn: (dn: string): LdapResult => ({
    code: resultCodes.invalidDnSyntax,
    message: `0000208F: NameErr: DSID-03100232, problem 2006 (BAD_NAME), data 8350, best match of:\n\t'${dn}'\n`,
  }),
  controlRefused: {
    code: resultCodes.unavailableCriticalExtension,
    message: '00000057: LdapErr: DSID-0C090B48, comment: Error processing control, data 0, v4563',
  },
  accessDenied: {
    code: resultCodes.insufficientAccessRights,
    message: '00002105: LdapErr: DSID-0C0907E9, comment: Error processing control, data 0, v4563',
  },
  noCertificate: {
    code: resultCodes.unavailable,
    message: '00000000: LdapErr: DSID-0C091163, comment: Error initializing SSL/TLS, data 0, v4563',
  },
  unknownExtension: {
    code: resultCodes.protocolError,
    message: '0000203D: LdapErr: DSID-0C090E18, comment: Unknown extended request OID, data 0, v4563',
  },
  writeRefused: {
    code: resultCodes.unwillingToPerform,
    message: '00002077: SvcErr: DSID-031907B4, problem 5003 (WILL_NOT_PERFORM), data 0\n',
  },
} as const;
