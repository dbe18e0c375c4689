import type { DirectorySettings } from '../shared/directory.ts';
import { LockstepError } from '../shared/errors.ts';
import { isUnder } from './distinguished-name.ts';
import type { LdapConnection } from './ldap-connection.ts';
import { parseFilter } from './ldap-filter.ts';
import type { RootDse } from './root-dse.ts';

/** The naming context that is read: the controller's domain. */
export function namingContextOf({ defaultNamingContext }: RootDse): string {
  if (defaultNamingContext !== '') return defaultNamingContext;
  throw new LockstepError({
    class: 'ConfigInvalid',
    code: 'directory.base-unknown',
    message: 'The server does not say which domain it holds.',
    next: 'Ask a domain controller directly and not through a proxy.',
  });
}

/** The subtrees whose objects count: search bases, else the base DN, else the whole naming context. */
const basesOf = ({ searchBases = [], baseDn }: DirectorySettings, namingContext: string): readonly string[] =>
  searchBases.length > 0 ? searchBases : [baseDn ?? namingContext];

/**
 * Answers the bases. Throws what is wrong with one: missing, not visible, no DN, of another domain.
 *
 * @throws LockstepError ConfigInvalid `directory.base-missing`, `directory.base-invalid`, `directory.base-elsewhere`
 */
export async function checkBases(connection: LdapConnection, settings: DirectorySettings, namingContext: string): Promise<readonly string[]> {
  const bases = basesOf(settings, namingContext);
  for (const base of bases) {
    await connection.search({ base, scope: 'base', filter: parseFilter('(objectClass=*)'), attributes: ['objectClass'], operation: 'search' }, () => undefined);
    if (!isUnder(base, namingContext)) throw elsewhere(base, namingContext);
  }
  return bases;
}

const elsewhere = (base: string, namingContext: string): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'directory.base-elsewhere',
    message: `${base} does not lie in ${namingContext}, which this controller is asked for.`,
    next: 'Make an integration of its own for that domain, or correct the base.',
  });
