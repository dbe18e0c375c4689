import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, text, UsageError } from '../../command.ts';
import { CONNECTION_PASSWORD_VARIABLE, connectionPasswordOptions } from '../../connection-password.ts';
import { connectionOptions, withConnectionSettings } from '../../connection-settings.ts';
import { requiredPassword } from '../../directory-password.ts';
import { exitCodes } from '../../exit-codes.ts';
import { connectionText } from '../../output/task-text.ts';
import { theSite } from '../../the-site.ts';

export const connectionAdd = defineCommand({
  path: ['connection', 'add'],
  summary: 'Add an Exchange server that mailboxes are read from',
  description:
    'Needs the address of its Exchange Web Services, the account that may impersonate the mailboxes, and its password. Give the password with --password-stdin, --password-file or LOCKSTEP_CONNECTION_PASSWORD, or type it when asked; it is sealed to the site and nobody can read it back.',
  examples: [
    {
      line: 'lockstep connection add exchange --address https://mail.corp.example/EWS/Exchange.asmx --account CORP\\svc-lockstep --password-file secret.txt',
      what: 'The least that is needed',
    },
  ],
  arguments: { name: { description: 'short name: lower-case letters, digits and dashes' } },
  options: {
    site: text('name', 'site that reaches the server (default: the only one)'),
    ...connectionOptions,
    ...connectionPasswordOptions,
    description: text('text', 'shown in lists'),
    ...apiOptions,
  },
  async run({ options, arguments: given }, io) {
    const { address, account } = options;
    if (address === undefined) throw new UsageError('--address is missing: https://mail.corp.example/EWS/Exchange.asmx.');
    if (account === undefined) throw new UsageError('--account is missing: who reads the mailboxes, such as CORP\\svc-lockstep.');
    const api = await connectOrganisation(options, io);
    const connection = await api.connections.add({
      name: given.name,
      site: await theSite(api, options.site),
      settings: await withConnectionSettings({ type: 'ews', url: address, account, authentication: 'ntlm' }, options),
      password: await requiredPassword(options, account, io, CONNECTION_PASSWORD_VARIABLE),
      ...(options.description === undefined ? {} : { description: options.description }),
    });
    return { exitCode: exitCodes.ok, data: connection, text: `${connectionText(connection)}\n\n${connection.name} is added.` };
  },
});
