import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, text } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { runText } from '../../output/run-text.ts';
import { findRun } from '../../run-reference.ts';
import { heldKinds } from '../../../shared/held.ts';

export const runsReject = defineCommand({
  path: ['runs', 'reject'],
  summary: 'Drop what a run held back',
  description: 'The objects stay as they are in the archive. They are not asked about again until they come back in the directory and go once more. See first who it is: lockstep runs held.',
  examples: [
    { line: 'lockstep runs reject 12', what: 'Keep them' },
    { line: 'lockstep runs reject 12 --kind deletion', what: 'Decide on one kind only' },
  ],
  arguments: { run: { description: 'its number, its id, or "last"' } },
  options: { kind: text('kind', 'only this kind (default: all that the run holds)', { choices: heldKinds }), ...apiOptions },
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const { id } = await findRun(api, given.run);
    const run = await api.decideRun(id, 'reject', options.kind);
    return { exitCode: exitCodes.ok, data: run, text: runText(run, io.now()) };
  },
});
