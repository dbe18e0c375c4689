import { createLogger } from '../../runtime/logger.ts';
import { notifyReady } from '../../runtime/parent.ts';
import { readSettings } from '../../runtime/settings.ts';
import { defineCommand, text } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';

export const siteRunCommand = defineCommand({
  path: ['site'],
  summary: "Run a site on the network of the directories; 'site add' and others manage sites",
  description: [
    'A site reads directories and posts what it reads to the platform. It makes outbound connections only: to the API and to the site gateway.',
    'The first start enrols it with a one-time code (lockstep site code NAME, on the platform). Its keys stay in its state folder; run several nodes of one site by enrolling once and starting it on each with the same state folder.',
  ].join('\n\n'),
  examples: [
    { what: 'Enrol this machine as a site, with LOCKSTEP_SITE_CODE set, and run it', line: 'lockstep site --url https://lockstep.example' },
    { what: 'Run it from then on', line: 'lockstep site' },
  ],
  options: {
    url: text('url', 'the platform (default: LOCKSTEP_URL, else where it was enrolled)'),
    code: text('code', 'one-time enrolment code (default: LOCKSTEP_SITE_CODE, which other users of the machine cannot see)'),
    state: text('folder', 'keys and identity of the site (default: site in the home folder)'),
    node: text('name', "name of this node in lists (default: the host's name)"),
  },
  async run({ options }, io) {
    const settings = readSettings(io.env);
    const url = options.url ?? settings.url;
    const code = options.code ?? settings.siteCode;
    const { runSite } = await import('../../workers/site.ts');
    await runSite(
      {
        stateFolder: options.state ?? io.home.siteFolder,
        ...(url === undefined ? {} : { url }),
        ...(code === undefined ? {} : { code }),
        ...(options.node === undefined ? {} : { node: options.node }),
        ...(settings.caFile === undefined ? {} : { caFile: settings.caFile }),
      },
      { logger: createLogger(settings.logLevel, 'site'), signal: io.signal, onReady: notifyReady },
    );
    return { exitCode: exitCodes.ok };
  },
});
