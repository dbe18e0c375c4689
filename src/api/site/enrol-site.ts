import { sql } from 'kysely';
import type { Database } from '../../archive/database.ts';
import { requireSupportedContract } from '../../security/contract-version.ts';
import { hashEnrolmentCode } from '../../security/enrolment-code.ts';
import { isSealPublicKey } from '../../security/seal.ts';
import { enrolmentText, isSignatureOf, signPublicKeyOf } from '../../security/site-signature.ts';
import { siteDisabled } from '../../security/site-state.ts';
import { forgetCredentials } from '../../security/stored-credentials.ts';
import { LockstepError } from '../../shared/errors.ts';
import type { OrganisationId, SiteId } from '../../shared/ids.ts';
import type { EnrolAnswer, EnrolRequest } from '../../shared/site-contract.ts';

/**
 * Makes the sender the engine of the site that the code was issued for: uses the code up and stores the public keys, in one
 * transaction, so that a failure leaves the code good. What was wrong with the request is said before the code is looked at;
 * a code that is unknown, used or expired is one and the same answer.
 * @throws LockstepError ConfigInvalid `site.contract-unsupported`, `site.keys-invalid`
 * @throws LockstepError AuthRejected `site.enrolment-code-invalid`, `site.disabled`
 */
export async function enrolSite(database: Database, request: EnrolRequest): Promise<EnrolAnswer> {
  requireSupportedContract(request.contract);
  await requireProvenKeys(request);
  return database.transaction().execute(async (tx) => {
    // The row lock makes a second sender of the same code wait, and then find it used.
    const used = await sql<{ site_id: SiteId; org_id: OrganisationId }>`
      select site_id, org_id from platform_use_enrolment_code(${hashEnrolmentCode(request.code)})`.execute(tx);
    const found = used.rows[0];
    if (found === undefined) throw invalidCode();
    await sql`select set_config('lockstep.org', ${found.org_id}, true)`.execute(tx);
    const site = await tx
      .updateTable('site')
      .set({
        state: 'enrolled',
        sign_public_key: request.signPublicKey,
        seal_public_key: Buffer.from(request.sealPublicKey, 'base64'),
        version: request.version,
        contract: request.contract,
        enrolled_at: sql<Date>`now()`,
        last_seen_at: sql<Date>`now()`,
      })
      .where('id', '=', found.site_id)
      .where('state', '<>', 'disabled')
      .returning('name')
      .executeTakeFirst();
    if (site === undefined) throw siteDisabled();
    // Sealed to the keys of before: nobody can open them any more, and whoever looks must see that they are asked for again.
    await forgetCredentials(tx, found.site_id);
    const { name: organisation } = await tx.selectFrom('organisation').select('name').where('id', '=', found.org_id).executeTakeFirstOrThrow();
    return { siteId: found.site_id, siteName: site.name, organisation };
  });
}

async function requireProvenKeys(request: EnrolRequest): Promise<void> {
  const signPublicKey = signPublicKeyOf(request.signPublicKey);
  const proven =
    signPublicKey !== undefined &&
    (await isSealPublicKey(Buffer.from(request.sealPublicKey, 'base64'))) &&
    isSignatureOf(signPublicKey, enrolmentText(request.code, request.sealPublicKey), request.signature);
  if (!proven) throw invalidKeys();
}

/** Keys of the wrong kind, or a signature that does not prove their possession. */
export const invalidKeys = (): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'site.keys-invalid',
    message: 'The public keys are not an Ed25519 key and a P-256 point whose possession is proven by the signature.',
    next: 'Use the lockstep program of the version that the platform names; it makes the keys itself.',
  });

const invalidCode = (): LockstepError =>
  new LockstepError({
    class: 'AuthRejected',
    code: 'site.enrolment-code-invalid',
    message: 'The enrolment code is unknown, was used, or has expired.',
    next: 'Create a new code on the platform (it is good once, for an hour) and enrol again.',
  });
