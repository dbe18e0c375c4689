import { spawn } from 'node:child_process';
import { connectInstallation, connectionOptions } from '../api-connection.ts';
import { ApiProblem, notFound } from '../api-problem.ts';
import { defineCommand, flag } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { localTime } from '../output/times.ts';

export const uiCommand = defineCommand({
  path: ['ui'],
  summary: 'Get a one-time link to the Temporal UI',
  description:
    'The history of every run is in the Temporal UI, with payloads decoded for the browser that opens the link. The link is good once, for a minute; the browser may then look for eight hours. Needs the installation token, because the UI shows the runs of every organisation.',
  examples: [
    { line: 'lockstep ui --open', what: 'Open it in the browser of this computer' },
    { line: 'lockstep ui', what: 'Print the link' },
  ],
  options: { open: flag('open it in a browser'), ...connectionOptions },
  async run({ options }, io) {
    const api = await connectInstallation(options, io);
    const link = await api.uiLink().catch((error: unknown) => {
      throw error instanceof ApiProblem && error.status === 404
        ? notFound('This server shows no Temporal UI.', 'Set LOCKSTEP_TEMPORAL_UI_URL on the server; lockstep up does it by itself.')
        : error;
    });
    if (options.open) openBrowser(link.url);
    const what = options.open ? 'Opening; if no browser appears, open' : 'Open';
    io.progress.line(`${what} this once, before ${localTime(link.expiresAt)}:`);
    return { exitCode: exitCodes.ok, data: link, text: link.url };
  },
});

const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  // No shell: the URL is an argument and not a command line.
  win32: ['rundll32.exe', 'url.dll,FileProtocolHandler'],
};

/** Starts the browser and lets it be; where there is none, the printed link remains. */
function openBrowser(url: string): void {
  // The server says the link; only a web page is to be opened.
  if (!/^https?:$/.test(new URL(url).protocol)) return;
  const [program, ...args] = openers[process.platform] ?? ['xdg-open'];
  const child = spawn(program, [...args, url], { detached: true, stdio: 'ignore' });
  child.once('error', () => undefined);
  child.unref();
}
