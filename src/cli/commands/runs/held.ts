import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, text } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { listOptions, moreLine } from '../../list-options.ts';
import { runTitle } from '../../output/run-text.ts';
import { table } from '../../output/table.ts';
import { firstItems } from '../../paging.ts';
import { findRun } from '../../run-reference.ts';
import { removalKinds } from '../../../shared/directory.ts';

const whys: Readonly<Record<string, string>> = {
  gone: 'no longer in the directory',
  'out-of-scope': 'no longer in scope',
  disabled: 'account disabled',
};

export const runsHeld = defineCommand({
  path: ['runs', 'held'],
  summary: 'Show who would go by what a run held back',
  description:
    'A synchronisation that would remove or disable more than the settings let go does nothing of that kind and is "held". Here is everybody concerned, and why. Decide with lockstep runs approve or lockstep runs reject; or mend the directory and synchronise again.',
  examples: [
    { line: 'lockstep runs held last', what: 'Everybody whom the newest run held' },
    { line: "lockstep runs held 12 --kind deletion --json | jq -r '.items[].subject'", what: 'Only the names of people, for a program' },
  ],
  arguments: { run: { description: 'its number, its id, or "last"' } },
  options: { kind: text('kind', 'only this kind', { choices: removalKinds }), ...listOptions, ...apiOptions },
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const run = await findRun(api, given.run);
    const page = await firstItems(options.limit, (query) => api.heldObjects(run.id, { ...query, kind: options.kind }));
    const shown = table(
      page.items,
      [
        { title: 'KIND', value: (object) => object.kind },
        { title: 'WHO', value: (object) => object.subject, shrink: true },
        { title: 'WHY', value: (object) => (object.pending ? (whys[object.why] ?? object.why) : 'no longer, or decided') },
        { title: 'NAME', value: (object) => object.dn, shrink: true },
      ],
      io.columns,
    );
    return { exitCode: exitCodes.ok, data: page, text: page.items.length === 0 ? `${runTitle(run)} holds nobody.` : shown + moreLine(page, options.limit) };
  },
});
