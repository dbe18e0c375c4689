import { ConflictError } from '../archive/record-errors.ts';
import type { SiteView } from '../archive/sites.ts';
import type { Keyring } from '../security/keyring.ts';
import { sealTo } from '../security/seal.ts';
import type { OrganisationId } from '../shared/ids.ts';

/** A credential that only the site can open, and the key it is sealed to. */
export interface SealedCredential {
  readonly bytes: Buffer;
  readonly site: SiteView;
  readonly sealPublicKey: Buffer;
}

/**
 * Seals a password to the site, then encrypts it with the organisation's key. `info` says what it is for. Outside any transaction: the
 * keyring takes a connection of its own.
 * @throws ConflictError `site.not-enrolled`
 */
export async function sealCredential(
  keyring: Pick<Keyring, 'encrypt'>,
  organisation: OrganisationId,
  site: SiteView,
  { info, password }: { readonly info: string; readonly password: string },
): Promise<SealedCredential> {
  const sealPublicKey = site.seal_public_key;
  if (sealPublicKey === null) {
    throw new ConflictError({
      code: 'site.not-enrolled',
      message: `The site "${site.name}" is not enrolled yet, so there is no key to which the password could be sealed.`,
      next: 'Enrol its engine first: lockstep site code, then lockstep site on that machine.',
    });
  }
  const sealed = await sealTo(sealPublicKey, Buffer.from(password, 'utf8'), info);
  return { bytes: await keyring.encrypt(organisation, 'secrets', sealed, info), site, sealPublicKey };
}
