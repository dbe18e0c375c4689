/** Who makes a request. */
import type { OrganisationId, SiteId, TokenId } from './ids.ts';

export type ApiScope = 'read' | 'operate' | 'admin';

export type Principal =
  /** May create organisations and their first token; reads nothing of theirs. */
  | { readonly kind: 'installation'; readonly tokenId: TokenId }
  | {
      readonly kind: 'organisation';
      readonly organisationId: OrganisationId;
      readonly tokenId: TokenId;
      readonly scopes: readonly ApiScope[];
    };

/** A node of a site, with a short-lived token. */
export interface SitePrincipal {
  readonly kind: 'site';
  readonly organisationId: OrganisationId;
  readonly siteId: SiteId;
  readonly node: string;
}
