import type { ConnectionChange } from '../../../api/schemas/connections.ts';
import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { ApiProblem } from '../../api-problem.ts';
import { defineCommand, flag, list, text, UsageError } from '../../command.ts';
import { CONNECTION_PASSWORD_VARIABLE, connectionPasswordOptions } from '../../connection-password.ts';
import { connectionOptions, unsettableConnectionNames, withConnectionSettings, withoutConnectionSettings } from '../../connection-settings.ts';
import { givenPassword, requiredPassword } from '../../directory-password.ts';
import { exitCodes } from '../../exit-codes.ts';
import { nameArgument, withRecord } from '../../named-records.ts';
import { connectionText } from '../../output/task-text.ts';
import { connectionWords } from './connection-words.ts';

export const connectionChange = defineCommand({
  path: ['connection', 'change'],
  summary: 'Change settings or password of a connection',
  description:
    'What is not named stays. A change of address, account, authentication, authority or proxy needs the password again: a stored one is not sent to another place.',
  examples: [
    { line: 'lockstep connection change exchange --password', what: 'Type a new password' },
    { line: 'lockstep connection change exchange --max-requests 40', what: 'Ask for more at once' },
  ],
  arguments: nameArgument('connection'),
  options: {
    password: flag('ask for a new password'),
    ...connectionOptions,
    ...connectionPasswordOptions,
    unset: list('setting', `give back to its default: ${unsettableConnectionNames.join(', ')}`),
    description: text('text', 'shown in lists'),
    ...apiOptions,
  },
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const before = await withRecord(connectionWords, api, given.name, () => api.connections.find(given.name));
    const settings = withoutConnectionSettings(await withConnectionSettings(before.settings, options), options.unset);
    const password = options.password ? await requiredPassword(options, settings.account, io, CONNECTION_PASSWORD_VARIABLE) : await givenPassword(options, io, CONNECTION_PASSWORD_VARIABLE);
    const change: ConnectionChange = {
      ...(sameSettings(settings, before.settings) ? {} : { settings }),
      ...(password === undefined ? {} : { password }),
      ...(options.description === undefined ? {} : { description: options.description }),
    };
    if (Object.keys(change).length === 0) throw new UsageError('Nothing to change: no option says anything new.');
    const connection = await api.connections.change(given.name, change).catch((error: unknown) => {
      if (!(error instanceof ApiProblem) || !error.concerns('/password') || password !== undefined) throw error;
      throw error.withNext('Give the password again: --password, --password-stdin, --password-file or LOCKSTEP_CONNECTION_PASSWORD.');
    });
    return { exitCode: exitCodes.ok, data: connection, text: `${connectionText(connection)}\n\nChanged.` };
  },
});

/** Whatever the order of their fields. */
const sameSettings = (one: object, other: object): boolean => sorted(one) === sorted(other);
const sorted = (settings: object): string => JSON.stringify(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)));
