import { allItems } from '../../paging.ts';
import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { table } from '../../output/table.ts';
import { localTime, relativeTime } from '../../output/times.ts';

export const tokenList = defineCommand({
  path: ['token', 'list'],
  summary: 'List the API tokens of the organisation',
  description: 'Shows who may use the API and when each token was last used. The tokens themselves are never shown again.',
  examples: [
    { line: 'lockstep token list', what: 'See which tokens there are' },
    { line: "lockstep token list --json | jq '.items[] | select(.lastUsedAt == null)'", what: 'Find tokens that nobody uses' },
  ],
  options: apiOptions,
  async run({ options }, io) {
    const api = await connectOrganisation(options, io);
    const items = await allItems(api.tokens);
    const now = io.now();
    return {
      exitCode: exitCodes.ok,
      data: { items, next: null },
      text:
        items.length === 0
          ? 'No tokens. Make one: lockstep token add LABEL'
          : table(
              items,
              [
                { title: 'LABEL', value: (token) => token.label, shrink: true },
                { title: 'SCOPES', value: (token) => token.scopes.join(',') },
                { title: 'CREATED', value: (token) => localTime(token.createdAt) },
                { title: 'EXPIRES', value: (token) => (token.expiresAt === null ? 'never' : localTime(token.expiresAt)) },
                { title: 'LAST USED', value: (token) => relativeTime(token.lastUsedAt, now) },
                { title: 'ID', value: (token) => token.id },
              ],
              io.columns,
            ),
    };
  },
});
