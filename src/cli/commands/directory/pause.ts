import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { localTime } from '../../output/times.ts';
import { directoryArgument, withDirectory } from './directory-names.ts';

export const directoryPause = defineCommand({
  path: ['directory', 'pause'],
  summary: 'Stop the schedule of a directory',
  description: 'No scheduled run starts until it is resumed. A run that is open goes on (lockstep runs cancel ends it), and lockstep directory sync still works.',
  examples: [{ line: 'lockstep directory pause hq', what: 'During work on the domain controllers' }],
  arguments: directoryArgument,
  options: apiOptions,
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const directory = await withDirectory(api, given.name, () => api.pauseDirectory(given.name));
    return { exitCode: exitCodes.ok, data: directory, text: `${directory.name} is paused. Go on: lockstep directory resume ${directory.name}` };
  },
});

export const directoryResume = defineCommand({
  path: ['directory', 'resume'],
  summary: 'Let the schedule of a paused directory go on',
  examples: [{ line: 'lockstep directory resume hq', what: 'After the work is done' }],
  arguments: directoryArgument,
  options: apiOptions,
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const directory = await withDirectory(api, given.name, () => api.resumeDirectory(given.name));
    const [next] = directory.nextRuns;
    const when = next === undefined ? 'It has no schedule; start a run: lockstep directory sync' : `Next run: ${localTime(next)}.`;
    return { exitCode: exitCodes.ok, data: directory, text: `${directory.name} is active. ${when}` };
  },
});
