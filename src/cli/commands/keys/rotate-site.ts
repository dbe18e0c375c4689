import { hostname } from 'node:os';
import { productVersion } from '../../../runtime/version.ts';
import { readSettings } from '../../../runtime/settings.ts';
import { LockstepError } from '../../../shared/errors.ts';
import { defineCommand, text } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';

/** A password that is set at the same moment makes the platform refuse; the next attempt has it. */
const ATTEMPTS = 3;

export const keysRotateSite = defineCommand({
  path: ['keys', 'rotate', 'site'],
  summary: 'Replace the keys of the site that runs on this machine',
  description:
    'Runs on the site, with its state folder. Makes new key pairs and seals every password of its directories to them, in one step; the platform never sees a password. The running site takes the new keys up by itself. Interrupted, it is finished by the site or by running it again.',
  examples: [
    { line: 'lockstep keys rotate site', what: 'On the machine of the site' },
    { line: 'lockstep keys rotate site --state /var/lib/lockstep-site', what: 'With another state folder' },
  ],
  options: { state: text('folder', 'keys and identity of the site (default: site in the home folder)') },
  async run({ options }, io) {
    const { SiteIdentity } = await import('../../../security/site-identity.ts');
    const { createSitePlatform } = await import('../../../security/site-platform.ts');
    const { createSiteTokenProvider } = await import('../../../security/site-token-provider.ts');
    const { loadCertificates, platformFetch } = await import('../../../workers/platform-fetch.ts');
    const folder = options.state ?? io.home.siteFolder;
    const identity = await SiteIdentity.load(folder);
    if (identity === undefined) throw notEnrolled(folder);
    const platform = createSitePlatform({
      baseUrl: identity.platformUrl,
      fetch: platformFetch(await loadCertificates(readSettings(io.env).caFile)),
    });
    const tokens = createSiteTokenProvider({ identity, platform, node: hostname(), version: productVersion });
    for (let attempt = 1; ; attempt++) {
      try {
        await identity.rotateKeys(platform, await tokens.token());
        break;
      } catch (error) {
        if (!(error instanceof LockstepError) || error.code !== 'site.credentials-changed' || attempt === ATTEMPTS) throw error;
      }
    }
    return {
      exitCode: exitCodes.ok,
      data: { site: identity.siteName, organisation: identity.organisation, signKeyId: identity.signKeyId },
      text: `Site ${identity.siteName} has new keys, in ${folder}. The running site takes them up by itself.`,
    };
  },
});

const notEnrolled = (folder: string) =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'cli.no-site',
    message: `There is no enrolled site in ${folder}.`,
    next: 'Run it on the machine of the site, with --state or --home as the site has them.',
  });
