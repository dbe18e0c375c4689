import type { DirectoryEntry, DirectorySettings } from '../shared/directory.ts';
import { attributesAskedBy } from '../ldap-filter/filter-attributes.ts';
import { attributesToRead } from './attributes.ts';
import { parseFilter } from './ldap-filter.ts';

/**
 * What is asked for, of a whole naming context: by class alone. Who has an address, whom the custom filter lets pass and what
 * lies under the search bases is decided on the platform: an object that a change takes out of a filter would not be told
 * by it any more, and the objects under a container that moves are not told at all.
 *
 * Containers are taken because names are derived from them, foreign security principals because groups name them. Computers
 * and managed service accounts (a subclass) are users too, and by far the most that nobody asks for.
 */
export const takenClasses = parseFilter(
  '(&(|(objectClass=user)(objectClass=group)(objectClass=contact)(objectClass=msExchDynamicDistributionList)(objectClass=publicFolder)' +
    '(objectClass=organizationalUnit)(objectClass=container)(objectClass=builtinDomain)(objectClass=domainDNS)' +
    '(objectClass=foreignSecurityPrincipal))(!(objectClass=computer)))',
);

/** ADS_UF_INTERDOMAIN_TRUST_ACCOUNT (MS-ADTS §2.2.16). */
const TRUST_ACCOUNT = 0x800;

/** Trust accounts are of class user, and a filter for them would hide accounts whose flags the account may not read. */
export const isTrustAccount = (attributes: DirectoryEntry['attributes']): boolean =>
  (Number(attributes['userAccountControl']?.[0] ?? 0) & TRUST_ACCOUNT) !== 0;

/**
 * The attributes of a reading: what mapping takes, what the settings add, and what their filter asks for.
 *
 * @throws LockstepError ConfigInvalid `directory.filter-invalid`
 */
export function attributesFor({ extraAttributes = [], filter }: DirectorySettings): readonly string[] {
  return attributesToRead([...extraAttributes, ...attributesAskedBy(filter)]);
}
