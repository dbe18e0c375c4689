import { LockstepError } from '../shared/errors.ts';
import { SITE_CONTRACT_VERSION } from '../shared/site-contract.ts';

/** How many minor versions before its own a server still speaks with. */
const MINORS_BEHIND = 2;

const parse = (version: string): { major: number; minor: number } | undefined => {
  const match = /^(\d{1,4})\.(\d{1,4})$/.exec(version);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
};

/**
 * Checks that a site's contract version is the server's or one of the two minor versions before it.
 * @throws LockstepError ConfigInvalid `site.contract-unsupported`
 */
export function requireSupportedContract(site: string, server: string = SITE_CONTRACT_VERSION): void {
  const theirs = parse(site);
  const ours = parse(server);
  if (ours === undefined) throw new Error(`malformed contract version ${server}`);
  if (theirs !== undefined && theirs.major === ours.major && theirs.minor <= ours.minor && theirs.minor >= ours.minor - MINORS_BEHIND) return;
  const newer = theirs !== undefined && (theirs.major > ours.major || (theirs.major === ours.major && theirs.minor > ours.minor));
  throw new LockstepError({
    class: 'ConfigInvalid',
    code: 'site.contract-unsupported',
    message: `The site speaks contract ${theirs === undefined ? 'of unknown form' : site}, this server ${server} and the two minor versions before it.`,
    next: newer ? 'Upgrade the platform: it must not be older than its sites.' : 'Upgrade the site.',
  });
}
