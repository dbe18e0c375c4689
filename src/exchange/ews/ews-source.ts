import type { ConnectionSettings } from '../../shared/mailbox-contract.ts';
import { LockstepError } from '../../shared/errors.ts';
import { capabilitiesOf, type MailboxCapability } from '../../shared/mailbox-capabilities.ts';
import type { MailboxName, MailboxSource } from '../mailbox.ts';
import { type AuthenticatedHttp, basicAuthorization, HeaderHttp, type HttpOptions, NtlmHttp } from './authentication.ts';
import { EwsMailbox } from './ews-mailbox.ts';
import { EwsServer } from './ews-server.ts';
import { ntlmAccount } from './ntlm.ts';
import { oauthTokens } from './oauth-token.ts';
import { PagesInHand } from './pages-in-hand.ts';
import { RequestGate } from './request-gate.ts';

/** Far below what a front end takes, and enough to keep it busy: each mailbox has its own budget. */
export const DEFAULT_MAX_REQUESTS = 20;
/** Enough for nearly as many requests as are in flight, and some megabytes each. */
const PAGES_IN_HAND = 16;

/** The mailboxes of one on-premises Exchange. `secret`: the account's password, or the client's secret. */
export class EwsSource implements MailboxSource {
  readonly capabilities: ReadonlySet<MailboxCapability> = new Set(capabilitiesOf.ews);
  readonly #server: EwsServer;
  readonly #pages = new PagesInHand(PAGES_IN_HAND);

  /** @throws LockstepError ConfigInvalid when the settings make no sense */
  constructor(settings: ConnectionSettings, secret: string) {
    const url = new URL(settings.url);
    const requests = settings.maxRequests ?? DEFAULT_MAX_REQUESTS;
    const options: HttpOptions = { origin: url.origin, caPem: settings.caPem, proxy: settings.proxy };
    this.#server = new EwsServer(authenticated(settings, secret, options), url, new RequestGate(requests));
  }

  mailbox({ address }: MailboxName): EwsMailbox {
    return new EwsMailbox(this.#server, this.#pages, address);
  }

  close(): Promise<void> {
    return this.#server.close();
  }
}

/** How requests of these settings prove who sends them. @throws LockstepError ConfigInvalid */
export function authenticated({ authentication, account, oauth }: ConnectionSettings, secret: string, options: HttpOptions): AuthenticatedHttp {
  switch (authentication) {
    case 'basic': {
      const header = Promise.resolve(basicAuthorization(account, secret));
      return new HeaderHttp(options, () => header, { renewable: false });
    }
    case 'ntlm':
      return new NtlmHttp(options, ntlmAccount(account), secret);
    case 'oauth': {
      if (oauth === undefined) {
        throw new LockstepError({
          class: 'ConfigInvalid',
          code: 'ews.oauth-incomplete',
          message: 'The connection signs in by OAuth and does not say where.',
          next: 'Give authority and scope: lockstep connection change NAME --oauth-authority URL --oauth-scope SCOPE.',
        });
      }
      return new HeaderHttp(options, oauthTokens({ clientId: account, clientSecret: secret, ...oauth }), { renewable: true });
    }
  }
}
