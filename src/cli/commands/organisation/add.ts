import { updateCliConfig } from '../../../runtime/cli-config.ts';
import type { IssuedToken, NewOrganisation } from '../../../api/schemas/organisations.ts';
import type { ApiClient } from '../../api-client.ts';
import { connectInstallation, connectionOptions } from '../../api-connection.ts';
import { ApiProblem } from '../../api-problem.ts';
import { defineCommand, flag, text } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';

export const organisationAdd = defineCommand({
  path: ['organisation', 'add'],
  summary: 'Make an organisation and its first token',
  description:
    'An organisation (a tenant) owns its sites, directories, people and tokens; no other organisation ever sees them. Its first token (scope admin) is saved in the home folder, so that the next commands can act for it. Needs the installation token, which lockstep init saved.',
  examples: [
    { line: 'lockstep organisation add acme --display-name "Acme Ltd"', what: 'Make an organisation and work for it from now on' },
    { line: 'lockstep organisation add acme --keep-current', what: 'Make it, but go on working for the present one' },
  ],
  arguments: { name: { description: 'short name: lower-case letters, digits and dashes' } },
  options: {
    displayName: text('name', 'what people call it (default: the short name)'),
    keepCurrent: flag('do not make it the one that commands act for by default'),
    ...connectionOptions,
  },
  async run({ options, arguments: given }, io) {
    const api = await connectInstallation(options, io);
    const { name } = given;
    const issued = await addWithToken(api, { name, ...(options.displayName === undefined ? {} : { displayName: options.displayName }) });
    await updateCliConfig(io.home, { tokens: { [name]: issued.token }, ...(options.keepCurrent ? {} : { organisation: name }) });
    return {
      exitCode: exitCodes.ok,
      data: { organisation: name, token: { id: issued.id, label: issued.label, scopes: issued.scopes } },
      text: [
        `Organisation ${name} is made; its admin token is saved in ${io.home.configFile}.`,
        options.keepCurrent ? `Act for it: --organisation ${name}, or lockstep organisation use ${name}` : 'Next: lockstep site add NAME',
      ].join('\n'),
    };
  },
});

/**
 * An interruption between the two requests leaves an organisation that nobody can enter; said again, the command goes on
 * where it broke off, because the API gives a first token only while there is none.
 */
async function addWithToken(api: ApiClient, organisation: NewOrganisation): Promise<IssuedToken> {
  const firstToken = () => api.addFirstToken(organisation.name, { label: 'lockstep organisation add', scopes: ['read', 'operate', 'admin'] });
  try {
    await api.addOrganisation(organisation);
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.status !== 409) throw error;
    return firstToken().catch(() => {
      throw error;
    });
  }
  return firstToken();
}
