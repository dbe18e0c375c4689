import { createLogger } from '../../runtime/logger.ts';
import { notifyReady } from '../../runtime/parent.ts';
import { readSettings, serverSettings } from '../../runtime/settings.ts';
import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';

export const serverCommand = defineCommand({
  path: ['server'],
  summary: 'Run the platform: API, site gateway, workflows',
  description: [
    'For production, with a PostgreSQL and a Temporal server of your own; any number may run on one database and one namespace. Everything is set by environment variables: lockstep help settings.',
    'Writes its log as lines of JSON to standard output. SIGTERM ends it in order: work that it holds goes on elsewhere, or here when it starts again.',
  ].join('\n\n'),
  examples: [
    { what: 'With DATABASE_URL, DATABASE_OWNER_URL and TEMPORAL_ADDRESS set', line: 'lockstep server' },
  ],
  async run(_input, io) {
    const settings = serverSettings(readSettings(io.env), io.home);
    const { runServer } = await import('../../workers/server.ts');
    await runServer(settings, { logger: createLogger(settings.logLevel, 'server'), signal: io.signal, onReady: notifyReady });
    return { exitCode: exitCodes.ok };
  },
});
