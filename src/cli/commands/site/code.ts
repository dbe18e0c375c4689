import type { EnrolmentCode } from '../../../api/schemas/sites.ts';
import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { localTime } from '../../output/times.ts';
import { siteArgument, withSite } from './site-names.ts';

export const siteCode = defineCommand({
  path: ['site', 'code'],
  summary: 'Get a new one-time code for a site',
  description:
    'For a site that never connected, for another node of it, or for one whose keys are lost. Prints the exact command to run on the site. The code is good once, for an hour.',
  examples: [
    { line: 'lockstep site code berlin', what: 'Get a code and the command to run on the site' },
    { line: 'lockstep site code berlin --json', what: 'The same for a program that sets up the site' },
  ],
  arguments: siteArgument,
  options: apiOptions,
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const code = await withSite(api, given.name, () => api.addEnrolmentCode(given.name));
    return { exitCode: exitCodes.ok, data: code, text: enrolmentText(api.url, code) };
  },
});

/** The code and what to do with it. Not as an argument: those are seen by every user of the machine. */
export const enrolmentText = (url: string, code: EnrolmentCode): string =>
  [`Run this on the site before ${localTime(code.expiresAt)} (the code is good once):`, '', `  LOCKSTEP_SITE_CODE=${code.code} lockstep site --url ${url}`, ''].join('\n');
