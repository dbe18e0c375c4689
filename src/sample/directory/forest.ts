/** Domains that share one configuration. Each is served by a sample directory of its own. */
export interface Forest {
  /** The root domain first, parents before their children. */
  readonly domains: readonly ForestDomain[];
}
export interface ForestDomain {
  readonly dnsName: string;
  readonly netbiosName: string;
}

/** The domain that another is a child of; undefined for the root of a tree. */
export const parentDomain = ({ domains }: Forest, { dnsName }: ForestDomain): ForestDomain | undefined =>
  domains.find((other) => other.dnsName.toLowerCase() === dnsName.slice(dnsName.indexOf('.') + 1).toLowerCase());
