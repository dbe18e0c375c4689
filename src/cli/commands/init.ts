import { defineCommand, text } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { fields } from '../output/fields.ts';
import { showPartEvents } from '../up/show-events.ts';

export const initCommand = defineCommand({
  path: ['init'],
  summary: 'Make an installation: master key, database schema, first organisation and tokens',
  description: [
    'Uses DATABASE_URL and DATABASE_OWNER_URL when they are set, else the embedded PostgreSQL in the home folder. Running it again repairs what an interrupted run left and changes nothing otherwise. "lockstep up" does the same by itself.',
    'Keep the master key safe and apart from backups of the database: without it nobody can read the stored credentials.',
  ].join('\n\n'),
  examples: [
    { what: 'A new installation in ~/.lockstep', line: 'lockstep init' },
    { what: 'With a name for the first organisation', line: 'lockstep init --organisation acme' },
  ],
  options: { organisation: text('name', 'name of the first organisation (default: main)') },
  async run({ options }, io) {
    const { lockHome } = await import('../../runtime/home-lock.ts');
    const { installedDatabase } = await import('../../runtime/installed-database.ts');
    const { prepareInstallation } = await import('../../runtime/installation.ts');
    const { readSettings, serverSettings } = await import('../../runtime/settings.ts');
    const { Supervisor } = await import('../../runtime/supervisor.ts');

    const settings = readSettings(io.env);
    const lock = await lockHome(io.home, 'init', io.now());
    const supervisor = new Supervisor({ home: io.home, onEvent: io.json ? () => undefined : showPartEvents(io) });
    io.signal.addEventListener('abort', () => void supervisor.stop(), { once: true });
    try {
      await supervisor.endOrphans();
      const database = await installedDatabase(io.home, settings);
      if (database.part !== undefined) await supervisor.start(database.part);
      const { publicUrl } = serverSettings({ ...settings, databaseUrl: database.url }, io.home);
      const made = await prepareInstallation({
        home: io.home,
        settings,
        database,
        organisation: options.organisation,
        apiUrl: publicUrl,
      });
      return {
        exitCode: exitCodes.ok,
        data: { home: io.home.folder, ...made, migrations: [...made.migrations] },
        text: fields([
          ['home folder', io.home.folder],
          ['database', made.migrations.length === 0 ? 'was current' : `migrated: ${made.migrations.join(', ')}`],
          ['master key', made.masterKeyFile === undefined ? 'was there' : `made: ${made.masterKeyFile}. Keep a copy apart from backups.`],
          ['organisation', `${made.organisation}${made.organisationCreated ? ' (made)' : ''}, its token is in config.json`],
          [
            'installation token',
            made.installationToken === undefined
              ? 'was there'
              : `${made.installationToken} (shown this once; saved in config.json, 0600)`,
          ],
          ['next', 'lockstep up, or lockstep server'],
        ]),
      };
    } finally {
      await supervisor.stop();
      await lock.release();
    }
  },
});
