import type { DirectoryWatermark } from '../shared/directory.ts';
import type { LdapConnection } from './ldap-connection.ts';
import type { PageParts } from './page-builder.ts';

/** What changes are read from while a connection holds. */
export interface ChangeSession {
  readonly connection: LdapConnection;
  /** The naming context. */
  readonly base: string;
  readonly attributes: readonly string[];
  readonly invocationId: string | null;
}

/** A page's content, and where to go on once it is committed. */
export interface ChangeParts {
  readonly parts: PageParts;
  readonly watermark: DirectoryWatermark;
}
