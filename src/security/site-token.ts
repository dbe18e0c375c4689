/** Access tokens of sites: what a node of a site shows to the ingest API and to the site gateway. Ten minutes each. */
import type { Database } from '../archive/database.ts';
import { LockstepError } from '../shared/errors.ts';
import { InvalidIdError, siteId } from '../shared/ids.ts';
import type { SitePrincipal } from '../shared/principal.ts';
import type { Keyring } from './keyring.ts';
import { SITE_ACCESS, signToken, verifyToken } from './signed-token.ts';
import { signKeyThumbprint } from './site-signature.ts';
import { siteDisabled, type SiteRecord, SiteStates } from './site-state.ts';

export interface SiteTokenDeps {
  readonly database: Database;
  readonly keyring: Pick<Keyring, 'tokenKeys'>;
}

/** One state cache for each database of the process, whoever asks: the API and the gateway share it. */
const statesOf = new WeakMap<Database, SiteStates>();
function siteStates(database: Database): SiteStates {
  const known = statesOf.get(database);
  if (known !== undefined) return known;
  const states = new SiteStates(database);
  statesOf.set(database, states);
  return states;
}

/** An access token for a node of an enrolled site, bound to the site's present signing key. */
export function issueSiteToken(deps: SiteTokenDeps, site: SiteRecord & { readonly signPublicKey: string }, node: string): Promise<string> {
  return signToken(deps.keyring.tokenKeys(), SITE_ACCESS, { sub: site.id, node, key: signKeyThumbprint(site.signPublicKey) });
}

/**
 * Who sends a request with this `Authorization` header. Notes the sign of life (at most every 15 s). A site that was
 * disabled, or whose keys were replaced, is refused within five seconds.
 * @throws LockstepError AuthRejected `site.token-invalid` (absent, forged, expired, of another use or key), `site.disabled`
 */
export async function authenticateSite(deps: SiteTokenDeps, authorizationHeader: string | undefined): Promise<SitePrincipal> {
  const token = /^Bearer ([A-Za-z0-9_.-]{1,4096})$/i.exec(authorizationHeader ?? '')?.[1];
  if (token === undefined) throw invalidToken();
  const claims = await verifyToken(deps.keyring.tokenKeys(), SITE_ACCESS, token);
  const { sub, node, key } = claims ?? {};
  if (sub === undefined || typeof node !== 'string' || typeof key !== 'string') throw invalidToken();
  const principal = await principalOf(deps.database, sub, node, key);
  await siteStates(deps.database).seen(principal);
  return principal;
}

async function principalOf(database: Database, subject: string, node: string, key: string): Promise<SitePrincipal> {
  let id;
  try {
    id = siteId(subject);
  } catch (error) {
    if (error instanceof InvalidIdError) throw invalidToken();
    throw error;
  }
  const hasKey = (record: SiteRecord | undefined) => record?.signPublicKey != null && signKeyThumbprint(record.signPublicKey) === key;
  let site = await siteStates(database).find(id);
  // The token is genuine: rather than it, what is remembered of the site may be older than its change of keys.
  if (!hasKey(site)) site = await siteStates(database).find(id, { fresh: true });
  if (site === undefined || !hasKey(site)) throw invalidToken();
  if (site.state === 'disabled') throw siteDisabled();
  return { kind: 'site', organisationId: site.organisationId, siteId: site.id, node };
}

const invalidToken = (): LockstepError =>
  new LockstepError({
    class: 'AuthRejected',
    code: 'site.token-invalid',
    message: 'The access token of the site is missing, expired or not valid here.',
    next: 'Get a new one from POST /site/v1/token; if that is refused, enrol the site again.',
  });
