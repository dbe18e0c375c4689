import { readCliConfig, updateCliConfig } from '../../../runtime/cli-config.ts';
import { connectionOptions, connectOrganisation, readTokenFile, unknownOrganisation } from '../../api-connection.ts';
import { defineCommand, UsageError } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';

export const organisationUse = defineCommand({
  path: ['organisation', 'use'],
  summary: 'Choose which organisation commands act for',
  description:
    'Saved in the home folder. With --token-file the token of an organisation is saved too (and with --url the address of the API), after the API accepted it: so a computer that is not the server learns to work for an organisation.',
  examples: [
    { line: 'lockstep organisation use acme', what: 'Act for acme, whose token is saved here' },
    { line: 'lockstep organisation use acme --url https://lockstep.example --token-file acme.token', what: 'Set up another computer' },
  ],
  arguments: { name: { description: 'short name of the organisation' } },
  options: connectionOptions,
  async run({ options, arguments: given }, io) {
    const config = await readCliConfig(io.home);
    if (options.tokenFile === undefined) {
      if (config.tokens[given.name] === undefined) throw unknownOrganisation(given.name, Object.keys(config.tokens));
      await updateCliConfig(io.home, { organisation: given.name, ...(options.url === undefined ? {} : { url: options.url }) });
    } else {
      const token = await readTokenFile(options.tokenFile);
      const api = await connectOrganisation({ ...options, organisation: undefined }, io);
      const { name } = await api.organisation();
      if (name !== given.name) throw new UsageError(`The token in ${options.tokenFile} belongs to ${name}, not to ${given.name}.`);
      await updateCliConfig(io.home, { organisation: name, url: api.url, tokens: { [name]: token } });
    }
    return { exitCode: exitCodes.ok, data: { organisation: given.name }, text: `Commands act for ${given.name} from now on. See: lockstep status` };
  },
});
