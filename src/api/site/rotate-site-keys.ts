import { createHash } from 'node:crypto';
import { type Database, withOrganisation } from '../../archive/database.ts';
import { ConflictError } from '../../archive/record-errors.ts';
import type { Keyring } from '../../security/keyring.ts';
import { isSealPublicKey } from '../../security/seal.ts';
import { isSignatureOf, rotationText, signPublicKeyOf } from '../../security/site-signature.ts';
import { listStoredCredentials, replaceStoredCredential } from '../../security/stored-credentials.ts';
import type { SitePrincipal } from '../../shared/principal.ts';
import type { RotateSiteKeysRequest, SiteCredentialsAnswer } from '../../shared/site-contract.ts';
import { invalidKeys } from './enrol-site.ts';

export interface SiteKeysDeps {
  readonly database: Database;
  readonly keyring: Pick<Keyring, 'encrypt' | 'decrypt'>;
}

/** The credentials of the site's integrations and connections, as sealed to its present key. The platform cannot open them. */
export async function siteCredentials(deps: SiteKeysDeps, site: SitePrincipal): Promise<SiteCredentialsAnswer> {
  const stored = await sealedCredentials(deps, site);
  return { credentials: stored.map(({ context, sealed }) => ({ context, sealed: sealed.toString('base64') })) };
}

async function sealedCredentials({ database, keyring }: SiteKeysDeps, { organisationId, siteId }: SitePrincipal) {
  const stored = await withOrganisation(database, organisationId, (tx) => listStoredCredentials(tx, { site: siteId }));
  return Promise.all(
    stored.map(async (one) => ({ ...one, sealed: await keyring.decrypt(organisationId, 'secrets', one.credential, one.context) })),
  );
}

/**
 * Replaces the site's key pairs and all credentials sealed to them, in one transaction. The request must bring exactly the
 * credentials that are stored, and must be signed by the present key and by the new one. Access tokens of the old key end
 * within seconds.
 * @throws LockstepError ConfigInvalid `site.keys-invalid`
 * @throws ConflictError `site.credentials-changed`: one was set, changed or removed meanwhile; read them again and retry
 */
export async function rotateSiteKeys(deps: SiteKeysDeps, site: SitePrincipal, request: RotateSiteKeysRequest): Promise<void> {
  const text = rotationText(site.siteId, request);
  const newKey = signPublicKeyOf(request.signPublicKey);
  const sealPublicKey = Buffer.from(request.sealPublicKey, 'base64');
  if (newKey === undefined || !(await isSealPublicKey(sealPublicKey)) || !isSignatureOf(newKey, text, request.proof)) throw invalidKeys();

  const before = await sealedCredentials(deps, site);
  const offered = new Map(request.credentials.map((credential) => [credential.context, credential]));
  const replacements = await Promise.all(
    before.map(async (stored) => {
      const offer = offered.get(stored.context);
      if (offer === undefined || offer.replaces !== createHash('sha256').update(stored.sealed).digest('hex')) throw credentialsChanged();
      const replacement = await deps.keyring.encrypt(site.organisationId, 'secrets', Buffer.from(offer.sealed, 'base64'), stored.context);
      return { stored, replacement };
    }),
  );
  if (offered.size !== replacements.length || request.credentials.length !== replacements.length) throw credentialsChanged();

  await withOrganisation(deps.database, site.organisationId, async (tx) => {
    const row = await tx.selectFrom('site').select('sign_public_key').where('id', '=', site.siteId).forUpdate().executeTakeFirstOrThrow();
    const presentKey = signPublicKeyOf(row.sign_public_key ?? '');
    if (presentKey === undefined || !isSignatureOf(presentKey, text, request.signature)) throw invalidKeys();
    for (const { stored, replacement } of replacements) {
      if (!(await replaceStoredCredential(tx, stored, { credential: replacement, site: site.siteId }))) throw credentialsChanged();
    }
    if ((await listStoredCredentials(tx, { site: site.siteId })).length !== replacements.length) throw credentialsChanged();
    await tx
      .updateTable('site')
      .set({ sign_public_key: request.signPublicKey, seal_public_key: sealPublicKey })
      .where('id', '=', site.siteId)
      .execute();
  });
}

const credentialsChanged = (): ConflictError =>
  new ConflictError({
    code: 'site.credentials-changed',
    message: 'The credentials that are sealed to this site are not the ones that were read.',
    next: 'Read them again and repeat the change of keys.',
  });
