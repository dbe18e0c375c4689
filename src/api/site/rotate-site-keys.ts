import { createHash } from 'node:crypto';
import { type Database, withOrganisation } from '../../archive/database.ts';
import { ConflictError } from '../../archive/record-errors.ts';
import type { Keyring } from '../../security/keyring.ts';
import { directoryCredentialInfo, isSealPublicKey } from '../../security/seal.ts';
import { isSignatureOf, rotationText, signPublicKeyOf } from '../../security/site-signature.ts';
import type { IntegrationId } from '../../shared/ids.ts';
import type { SitePrincipal } from '../../shared/principal.ts';
import type { RotateSiteKeysRequest, SiteCredentialsAnswer } from '../../shared/site-contract.ts';
import { invalidKeys } from './enrol-site.ts';

export interface SiteKeysDeps {
  readonly database: Database;
  readonly keyring: Pick<Keyring, 'encrypt' | 'decrypt'>;
}

/** The credentials of the site's integrations, as sealed to its present key. The platform cannot open them. */
export async function siteCredentials(deps: SiteKeysDeps, site: SitePrincipal): Promise<SiteCredentialsAnswer> {
  const stored = await storedCredentials(deps, site);
  return { credentials: stored.map(({ integrationId, sealed }) => ({ integrationId, sealed: sealed.toString('base64') })) };
}

interface StoredCredential {
  readonly integrationId: IntegrationId;
  readonly stored: Buffer;
  readonly sealed: Buffer;
}

async function storedCredentials(deps: SiteKeysDeps, site: SitePrincipal): Promise<StoredCredential[]> {
  const rows = await withOrganisation(deps.database, site.organisationId, (tx) =>
    tx
      .selectFrom('directory_integration')
      .select(['id', 'credential'])
      .where('site_id', '=', site.siteId)
      .where('credential', 'is not', null)
      .orderBy('id')
      .$narrowType<{ credential: Buffer }>()
      .execute(),
  );
  return Promise.all(
    rows.map(async ({ id, credential }) => ({
      integrationId: id,
      stored: credential,
      sealed: await deps.keyring.decrypt(site.organisationId, 'secrets', credential, directoryCredentialInfo(id)),
    })),
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

  const before = await storedCredentials(deps, site);
  const offered = new Map(request.credentials.map((credential) => [credential.integrationId, credential]));
  const replacements = await Promise.all(
    before.map(async ({ integrationId, stored, sealed }) => {
      const offer = offered.get(integrationId);
      if (offer === undefined || offer.replaces !== createHash('sha256').update(sealed).digest('hex')) throw credentialsChanged();
      const info = directoryCredentialInfo(integrationId);
      const replacement = await deps.keyring.encrypt(site.organisationId, 'secrets', Buffer.from(offer.sealed, 'base64'), info);
      return { integrationId, stored, replacement };
    }),
  );
  if (offered.size !== replacements.length || request.credentials.length !== replacements.length) throw credentialsChanged();

  await withOrganisation(deps.database, site.organisationId, async (tx) => {
    const row = await tx.selectFrom('site').select('sign_public_key').where('id', '=', site.siteId).forUpdate().executeTakeFirstOrThrow();
    const presentKey = signPublicKeyOf(row.sign_public_key ?? '');
    if (presentKey === undefined || !isSignatureOf(presentKey, text, request.signature)) throw invalidKeys();
    for (const { integrationId, stored, replacement } of replacements) {
      const { numUpdatedRows } = await tx
        .updateTable('directory_integration')
        .set({ credential: replacement })
        .where('id', '=', integrationId)
        .where('site_id', '=', site.siteId)
        .where('credential', '=', stored)
        .executeTakeFirst();
      if (numUpdatedRows !== 1n) throw credentialsChanged();
    }
    const { count } = await tx
      .selectFrom('directory_integration')
      .select((eb) => eb.fn.countAll<string>().as('count'))
      .where('site_id', '=', site.siteId)
      .where('credential', 'is not', null)
      .executeTakeFirstOrThrow();
    if (Number(count) !== replacements.length) throw credentialsChanged();
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
