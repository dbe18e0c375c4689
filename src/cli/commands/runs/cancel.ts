import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { runTitle } from '../../output/run-text.ts';
import { findRun } from '../../run-reference.ts';

export const runsCancel = defineCommand({
  path: ['runs', 'cancel'],
  summary: 'End a run that is open',
  description: 'What it has taken over stays; nothing is marked missing by a run that was ended. The next run begins anew.',
  examples: [
    { line: 'lockstep runs cancel 12', what: 'End run #12' },
    { line: 'lockstep runs cancel last', what: 'End the newest run' },
  ],
  arguments: { run: { description: 'its number, its id, or "last"' } },
  options: apiOptions,
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const { id } = await findRun(api, given.run);
    const run = await api.cancelRun(id);
    return { exitCode: exitCodes.ok, data: run, text: `${runTitle(run)} is asked to end. See: lockstep runs show ${run.number}` };
  },
});
