/** The assertion with which a site asks for an access token: a JWT signed with its own key (RFC 7523). */
import { compactVerify, decodeJwt, errors as joseErrors, importSPKI, type JWTPayload } from 'jose';
import { sql } from 'kysely';
import type { Database } from '../../archive/database.ts';
import { ASSERTION_AUDIENCE } from '../../security/site-signature.ts';
import { findSiteRecord, siteDisabled, type SiteRecord } from '../../security/site-state.ts';
import { LockstepError } from '../../shared/errors.ts';
import { InvalidIdError, siteId } from '../../shared/ids.ts';

/** The longest that an assertion may be valid. */
const MAX_LIFETIME_SECONDS = 60;
/** How far the clocks of a site and of the platform may be apart: NTP keeps within a second, a machine without it drifts a minute in weeks. */
const CLOCK_SKEW_SECONDS = 60;

/**
 * The enrolled site that signed the assertion. Each assertion is good once.
 * @throws LockstepError AuthRejected `site.assertion-invalid` (unknown site, other key, malformed), `site.assertion-replayed`,
 * `site.clock-skew` (only to a site that proved its key), `site.disabled`
 */
export async function verifySiteAssertion(
  database: Database,
  assertion: string,
  now = new Date(),
): Promise<SiteRecord & { readonly signPublicKey: string }> {
  const site = await siteNamedBy(database, assertion);
  const claims = await verifiedClaims(assertion, site.signPublicKey);
  if (site.state === 'disabled') throw siteDisabled();
  const { iss, sub, aud, iat, exp, jti } = claims;
  if (iss !== site.id || sub !== site.id || aud !== ASSERTION_AUDIENCE) throw invalidAssertion();
  if (iat === undefined || exp === undefined || jti === undefined || jti.length > 100) throw invalidAssertion();
  if (exp <= iat || exp - iat > MAX_LIFETIME_SECONDS) throw invalidAssertion();
  const seconds = now.getTime() / 1000;
  if (iat > seconds + CLOCK_SKEW_SECONDS || exp < seconds - CLOCK_SKEW_SECONDS) throw clockSkew(Math.round(iat - seconds));
  const forgetAt = new Date((exp + CLOCK_SKEW_SECONDS) * 1000);
  const { rows } = await sql<{ fresh: boolean }>`
    select platform_use_assertion(${site.id}::uuid, ${jti}, ${forgetAt}) as fresh`.execute(database);
  if (rows[0]?.fresh !== true) {
    throw new LockstepError({
      class: 'AuthRejected',
      code: 'site.assertion-replayed',
      message: 'This assertion was used before.',
      next: 'Make a new one for each request, with a random jti.',
    });
  }
  return site;
}

async function siteNamedBy(database: Database, assertion: string): Promise<SiteRecord & { readonly signPublicKey: string }> {
  let site: SiteRecord | undefined;
  try {
    site = await findSiteRecord(database, siteId(decodeJwt(assertion).iss ?? ''));
  } catch (error) {
    if (error instanceof InvalidIdError || error instanceof joseErrors.JOSEError) throw invalidAssertion();
    throw error;
  }
  if (site === undefined || site.signPublicKey === null) throw invalidAssertion();
  return { ...site, signPublicKey: site.signPublicKey };
}

async function verifiedClaims(assertion: string, signPublicKey: string): Promise<JWTPayload> {
  try {
    await compactVerify(assertion, await importSPKI(signPublicKey, 'EdDSA'), { algorithms: ['EdDSA'] });
    return typedClaims(decodeJwt(assertion));
  } catch (error) {
    if (error instanceof joseErrors.JOSEError) throw invalidAssertion();
    throw error;
  }
}

/** jose checks the JSON only for being an object. */
function typedClaims(claims: JWTPayload): JWTPayload {
  const { iat, exp, jti } = claims as Record<string, unknown>;
  if (!Number.isFinite(iat) || !Number.isFinite(exp) || typeof jti !== 'string') throw invalidAssertion();
  return claims;
}

const invalidAssertion = (): LockstepError =>
  new LockstepError({
    class: 'AuthRejected',
    code: 'site.assertion-invalid',
    message: 'The assertion was not made by the key of an enrolled site.',
    next: 'If this site was enrolled again elsewhere, its keys were replaced: enrol it again here.',
  });

const clockSkew = (seconds: number): LockstepError =>
  new LockstepError({
    class: 'AuthRejected',
    code: 'site.clock-skew',
    message: `The clock of the site is about ${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'} the platform's; at most ${CLOCK_SKEW_SECONDS} s are allowed.`,
    next: 'Synchronise the clocks of both machines (NTP).',
  });
