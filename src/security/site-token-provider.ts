import { setTimeout as pause } from 'node:timers/promises';
import { LockstepError } from '../shared/errors.ts';
import { SITE_CONTRACT_VERSION, type SiteTokenAnswer } from '../shared/site-contract.ts';
import type { SiteIdentity } from './site-identity.ts';
import type { SitePlatform } from './site-platform.ts';

export interface SiteTokenProvider {
  /** A token that is valid now; renewed when half of its life is over, and when the site's keys were replaced. */
  token(): Promise<string>;
  /** The platform's whole answer: the gateway's address, the namespace, the queue. */
  access(): Promise<SiteTokenAnswer>;
  /**
   * Tells `onToken` each new token (for a gRPC connection, whose key is set, not asked for) until the signal. A failure to
   * get one goes to `onFailure` and is tried again after 15 s, for ever.
   */
  keepFresh(onToken: (token: string) => void, onFailure: (error: unknown) => void, signal: AbortSignal): Promise<void>;
}

/** How often it is looked whether the token is due or the keys were replaced: no request, one small file. */
const LOOK_MS = 5_000;
const RETRY_MS = 15_000;

export interface SiteTokenProviderOptions {
  readonly identity: SiteIdentity;
  readonly platform: SitePlatform;
  readonly node: string;
  readonly version: string;
  readonly now?: (() => number) | undefined;
}

interface HeldToken {
  readonly answer: SiteTokenAnswer;
  readonly keyId: string;
  readonly renewAt: number;
  readonly expiresAt: number;
}

/** Tokens for the ingest API and the gateway. Whoever needs one waits for the one renewal that is under way. */
export function createSiteTokenProvider(options: SiteTokenProviderOptions): SiteTokenProvider {
  const { identity, platform, node, version } = options;
  const now = options.now ?? Date.now;
  let held: HeldToken | undefined;
  let renewing: Promise<SiteTokenAnswer> | undefined;

  const ask = async (): Promise<SiteTokenAnswer> =>
    platform.token({ assertion: await identity.assertion(new Date(now())), node, version, contract: SITE_CONTRACT_VERSION });

  const renew = async (): Promise<SiteTokenAnswer> => {
    const askedAt = now();
    const answer = await askWithPresentKeys(identity, ask);
    const lifeMs = answer.expiresIn * 1000;
    held = { answer, keyId: identity.signKeyId, renewAt: askedAt + lifeMs / 2, expiresAt: askedAt + lifeMs };
    return answer;
  };

  const access = async (): Promise<SiteTokenAnswer> => {
    // Another process of this site may have replaced the keys, and with them every token.
    await identity.reload();
    if (held !== undefined && held.keyId === identity.signKeyId && now() < held.renewAt) return held.answer;
    renewing ??= renew().finally(() => (renewing = undefined));
    try {
      return await renewing;
    } catch (error) {
      // The platform may be away for a moment; what it said no to is another matter.
      const isAway = error instanceof LockstepError && (error.class === 'Unavailable' || error.class === 'Throttled');
      if (isAway && held !== undefined && now() < held.expiresAt) return held.answer;
      throw error;
    }
  };

  return {
    access,
    token: async () => (await access()).token,
    async keepFresh(onToken, onFailure, signal) {
      let last = held?.answer.token;
      while (!signal.aborted) {
        let waitMs = LOOK_MS;
        try {
          const { token } = await access();
          if (token !== last) onToken(token);
          last = token;
        } catch (error) {
          onFailure(error);
          waitMs = RETRY_MS;
        }
        await pause(waitMs, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

/** Asks; when the platform does not know the keys, asks again with those that another process or a lost answer left behind. */
async function askWithPresentKeys(identity: SiteIdentity, ask: () => Promise<SiteTokenAnswer>): Promise<SiteTokenAnswer> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof LockstepError) || error.code !== 'site.assertion-invalid') throw error;
    if (await identity.reload()) return ask();
    const next = await identity.tryNextKeys();
    if (next === undefined) throw error;
    try {
      const answer = await ask();
      await next.promote();
      return answer;
    } catch (failure) {
      next.undo();
      throw failure;
    }
  }
}
