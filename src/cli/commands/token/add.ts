import type { Scope } from '../../../api/schemas/organisations.ts';
import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, number, text } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';

/** Each scope includes those before it. */
const scopes = { read: ['read'], operate: ['read', 'operate'], admin: ['read', 'operate', 'admin'] } as const satisfies Record<Scope, readonly Scope[]>;

export const tokenAdd = defineCommand({
  path: ['token', 'add'],
  summary: 'Make an API token',
  description:
    'The token is printed once, on standard output, and cannot be shown again: it is stored as its hash. Give each program a token of its own, with the least scope that does: read looks; operate also starts, pauses and resumes; admin also changes settings, sites and tokens.',
  examples: [
    { line: 'lockstep token add monitoring', what: 'A token that may only read' },
    { line: 'lockstep token add deploy --scope admin --expires-in-days 90 > deploy.token', what: 'A token for 90 days, kept in a file' },
  ],
  arguments: { label: { description: 'what it is for, shown in lists' } },
  options: {
    scope: text('scope', 'what it may do', { choices: ['read', 'operate', 'admin'], default: 'read' }),
    expiresInDays: number('days', 'end by itself after so many days (default: never)', { minimum: 1, maximum: 3650 }),
    ...apiOptions,
  },
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const issued = await api.addToken({
      label: given.label,
      scopes: [...scopes[options.scope]],
      ...(options.expiresInDays === undefined ? {} : { expiresInDays: options.expiresInDays }),
    });
    io.progress.line(`Token "${issued.label}" (${issued.scopes.join(', ')}). It is shown only now; end it with: lockstep token revoke ${issued.id}`);
    return { exitCode: exitCodes.ok, data: issued, text: issued.token };
  },
});
