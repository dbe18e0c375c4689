import { ConfidentialClientApplication, LogLevel } from '@azure/msal-node';
import { LockstepError } from '../../shared/errors.ts';

export interface OAuthClient {
  readonly clientId: string;
  readonly clientSecret: string;
  /** https://login.microsoftonline.com/<tenant>, or https://adfs.corp.example/adfs. */
  readonly authority: string;
  /** https://mail.corp.example/.default */
  readonly scope: string;
}

/**
 * Tokens of an application for an Exchange that uses Hybrid Modern Authentication or AD FS. `renew`: the last one was refused.
 * @throws LockstepError AuthRejected `ews.token-refused`, Unavailable `ews.token-unavailable`
 */
export function oauthTokens({ clientId, clientSecret, authority, scope }: OAuthClient): (renew: boolean) => Promise<string> {
  const application = new ConfidentialClientApplication({
    auth: { clientId, clientSecret, authority },
    // It logs nothing that names people, but it need not log at all: failures surface as errors.
    system: { loggerOptions: { logLevel: LogLevel.Error, piiLoggingEnabled: false, loggerCallback: () => undefined } },
  });
  return async (renew) => {
    try {
      const answer = await application.acquireTokenByClientCredential({ scopes: [scope], skipCache: renew });
      if (answer?.accessToken !== undefined) return `Bearer ${answer.accessToken}`;
      throw new Error('an answer without a token');
    } catch (cause) {
      throw refused(cause, authority);
    }
  };
}

function refused(cause: unknown, authority: string): LockstepError {
  const code = cause instanceof Error && 'errorCode' in cause && typeof cause.errorCode === 'string' ? cause.errorCode : 'unknown';
  const host = new URL(authority).host;
  if (['invalid_client', 'unauthorized_client', 'invalid_grant', 'access_denied'].includes(code)) {
    return new LockstepError({
      class: 'AuthRejected',
      code: 'ews.token-refused',
      message: `${host} gives this application no token (${code}).`,
      next: 'Enter client id and secret again: lockstep connection change NAME --account CLIENT-ID --password. Secrets expire.',
      cause,
    });
  }
  return new LockstepError({
    class: 'Unavailable',
    code: 'ews.token-unavailable',
    message: `No token from ${host} (${code}).`,
    next: 'It is asked again. Check that the site reaches the authority.',
    cause,
  });
}
