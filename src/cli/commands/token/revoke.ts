import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { notFound } from '../../api-problem.ts';
import { defineCommand, UsageError } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { didYouMean } from '../../near-matches.ts';
import { clean } from '../../output/clean.ts';
import { allItems } from '../../paging.ts';

export const tokenRevoke = defineCommand({
  path: ['token', 'revoke'],
  summary: 'End an API token at once',
  description: 'Requests with the token are refused from now on. It cannot be undone; make a new one instead.',
  examples: [
    { line: 'lockstep token revoke 2f1c6c0e-8f0a-4a57-9d3c-0d8c5f7b1a11', what: 'End the token with this id (lockstep token list)' },
    { line: 'lockstep token revoke monitoring', what: 'End the token with this label, when only one has it' },
  ],
  arguments: { token: { description: 'its id or label' } },
  options: apiOptions,
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const tokens = await allItems(api.tokens);
    const [token, second] = tokens.filter(({ id, label }) => id === given.token || label === given.token);
    if (second !== undefined) throw new UsageError(`Several tokens are called "${given.token}". Give the id (lockstep token list).`);
    if (token === undefined) {
      const labels = tokens.map(({ label }) => label);
      throw notFound(`There is no token "${given.token}".`, didYouMean(given.token, labels) ?? 'See which there are: lockstep token list.');
    }
    await api.revokeToken(token.id);
    return { exitCode: exitCodes.ok, data: { revoked: token.id }, text: `Token "${clean(token.label)}" ended.` };
  },
});
