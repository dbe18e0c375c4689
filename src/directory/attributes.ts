/**
 * What is asked of the directory, and how each value becomes text. The list is the one of MSE (reference: "Attributes",
 * product specification §2.3) and what identity and recipient type are decided by.
 *
 * Left out on purpose: `memberOf`, which says the same as `member` from the other side, changes without the object
 * changing, and is empty for groups of other domains: the archive answers it from `member`. `whenChanged` differs between
 * controllers and would make each object look changed after a change of controller.
 */

import { standardAttributes } from '../shared/directory-attributes.ts';

/** `guid` and `sid` become their usual text, `base64` is bytes of no known form. */
export type AttributeSyntax = 'text' | 'guid' | 'sid' | 'base64';

/**
 * The attributes that are not text, by lower-case name. Named and never guessed from the bytes: S-1-5-32-544 and three in
 * ten thousand domain SIDs happen to be valid UTF-8 (measured).
 */
const binarySyntaxes: ReadonlyMap<string, AttributeSyntax> = new Map([
  ...['objectguid', 'parentguid', 'msexchmailboxguid', 'msexcharchiveguid', 'ms-ds-consistencyguid', 'schemaidguid',
    'attributesecurityguid', 'invocationid'].map((name) => [name, 'guid'] as const),
  ...['objectsid', 'sidhistory', 'msexchmasteraccountsid', 'tokengroups', 'tokengroupsglobalanduniversal',
    'msds-creatorsid', 'securityidentifier'].map((name) => [name, 'sid'] as const),
  ...['thumbnailphoto', 'thumbnaillogo', 'jpegphoto', 'photo', 'audio', 'usercertificate', 'usersmimecertificate',
    'cacertificate', 'userpkcs12', 'ntsecuritydescriptor', 'logonhours', 'userparameters', 'replpropertymetadata',
    'msexchsafesendershash', 'msexchsaferecipientshash', 'msexchblockedsendershash', 'msexchmailboxsecuritydescriptor',
    'terminalserver', 'msmqdigests', 'dnsrecord'].map((name) => [name, 'base64'] as const),
]);

export const syntaxOf = (attribute: string): AttributeSyntax => binarySyntaxes.get(attribute.toLowerCase()) ?? 'text';

/** The attributes of a reading: standard ones, then those of the settings and their filter that are not among them. */
export function attributesToRead(extra: readonly string[] = []): readonly string[] {
  const names = new Map(standardAttributes.map((name) => [name.toLowerCase(), name]));
  for (const name of extra) if (!names.has(name.toLowerCase())) names.set(name.toLowerCase(), name);
  // Read anyway, and told in fields of their own.
  for (const special of ['objectguid', 'member', 'distinguishedname', 'usnchanged']) names.delete(special);
  return [...names.values()];
}
