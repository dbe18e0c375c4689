import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, text, UsageError } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';

export const organisationChange = defineCommand({
  path: ['organisation', 'change'],
  summary: 'Decide about items that people marked Personal or Private',
  description:
    'They are left out by default: only their ids are kept, and they are counted. The next run of each task takes the decision up; what was kept of them before stays in the full view. It is written down: lockstep audit list',
  examples: [
    { line: 'lockstep organisation change --private keep', what: 'Archive private items like all others' },
    { line: 'lockstep organisation change --private leave-out', what: 'Leave them out again' },
  ],
  options: { private: text('keep|leave-out', 'items marked Personal or Private', { choices: ['keep', 'leave-out'] }), ...apiOptions },
  async run({ options }, io) {
    if (options.private === undefined) throw new UsageError('Nothing to change: give --private keep or --private leave-out.');
    const api = await connectOrganisation(options, io);
    const organisation = await api.changeOrganisation({ leaveOutPrivate: options.private === 'leave-out' });
    return {
      exitCode: exitCodes.ok,
      data: organisation,
      text: `Private items of ${organisation.name} are ${organisation.leaveOutPrivate ? 'left out' : 'kept'} from the next run of each task on.`,
    };
  },
});
