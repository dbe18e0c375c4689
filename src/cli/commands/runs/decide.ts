import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, text } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { runText } from '../../output/run-text.ts';
import { findRun } from '../../run-reference.ts';
import { heldKinds } from '../../../shared/held.ts';

interface Words {
  readonly summary: string;
  readonly description: string;
  /** What `lockstep runs VERB 12` is for. */
  readonly example: string;
}

const decision = (verb: 'approve' | 'reject', { summary, description, example }: Words) =>
  defineCommand({
    path: ['runs', verb],
    summary,
    description,
    examples: [
      { line: `lockstep runs ${verb} 12`, what: example },
      { line: `lockstep runs ${verb} 12 --kind deletion`, what: 'Decide on one kind only' },
    ],
    arguments: { run: { description: 'its number, its id, or "last"' } },
    options: { kind: text('kind', 'only this kind (default: all that the run holds)', { choices: heldKinds }), ...apiOptions },
    async run({ options, arguments: given }, io) {
      const api = await connectOrganisation(options, io);
      const { id } = await findRun(api, given.run);
      const run = await api.decideRun(id, verb, options.kind);
      return { exitCode: exitCodes.ok, data: run, text: runText(run, io.now()) };
    },
  });

export const runsApprove = decision('approve', {
  summary: 'Do what a run held back',
  description:
    'Exactly the objects that were held are removed or disabled, as far as it is still true of them. Of a doubtful reading: the next synchronisation passes that check, once. See first who it is: lockstep runs held.',
  example: 'Let them go',
});

export const runsReject = decision('reject', {
  summary: 'Drop what a run held back',
  description:
    'The objects stay as they are in the archive. They are not asked about again until they come back in the directory and go once more. See first who it is: lockstep runs held.',
  example: 'Keep them',
});
