import { readCliConfig } from '../../../runtime/cli-config.ts';
import { LockstepError } from '../../../shared/errors.ts';
import { connectInstallation, connectionOptions, type GivenConnection } from '../../api-connection.ts';
import { type CommandIo, defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { table } from '../../output/table.ts';
import { localTime } from '../../output/times.ts';
import { allItems } from '../../paging.ts';

export const organisationList = defineCommand({
  path: ['organisation', 'list'],
  summary: 'List organisations and which of them this computer has a token for',
  description:
    'With the installation token: all organisations. Without it: only those that a token is saved for in the home folder. The star marks the one that commands act for by default.',
  examples: [
    { line: 'lockstep organisation list', what: 'See the organisations' },
    { line: 'lockstep organisation list --json', what: 'The same for a program' },
  ],
  options: connectionOptions,
  async run({ options }, io) {
    const config = await readCliConfig(io.home);
    const saved = Object.keys(config.tokens);
    const current = config.organisation ?? (saved.length === 1 ? saved[0] : undefined);
    const known = await organisationsOf(options, io);
    const items = known ?? saved.map((name) => ({ name, displayName: '', createdAt: null }));
    const rows = items.map((item) => ({ ...item, token: saved.includes(item.name), current: item.name === current }));
    return {
      exitCode: exitCodes.ok,
      data: { items: rows, next: null },
      text:
        rows.length === 0
          ? 'No organisations. Make one: lockstep organisation add NAME'
          : table(
              rows,
              [
                { title: 'NAME', value: (row) => `${row.current ? '* ' : '  '}${row.name}` },
                { title: 'DISPLAY NAME', value: (row) => row.displayName, shrink: true },
                { title: 'TOKEN', value: (row) => (row.token ? 'saved' : '') },
                { title: 'CREATED', value: (row) => (row.createdAt === null ? '' : localTime(row.createdAt)) },
              ],
              io.columns,
            ),
    };
  },
});

/** Undefined without an installation token. */
async function organisationsOf(given: GivenConnection, io: CommandIo) {
  try {
    const api = await connectInstallation(given, io);
    return await allItems(api.organisations);
  } catch (error) {
    if (error instanceof LockstepError && error.code === 'cli.no-installation-token') return undefined;
    throw error;
  }
}
