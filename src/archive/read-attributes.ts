import { attributesAskedBy } from '../ldap-filter/filter-attributes.ts';
import type { DirectorySettings } from '../shared/directory.ts';
import { standardAttributes } from '../shared/directory-attributes.ts';

/** Of every object, without being asked for. */
const always = ['objectGUID', 'distinguishedName'];

/** Names, in lower case, of the attributes that are known of objects which were read with these settings (src/directory/taken-objects.ts). */
export const readAttributes = ({ extraAttributes = [], filter }: Pick<DirectorySettings, 'extraAttributes' | 'filter'>): ReadonlySet<string> =>
  new Set([...standardAttributes, ...extraAttributes, ...attributesAskedBy(filter), ...always].map((name) => name.toLowerCase()));
