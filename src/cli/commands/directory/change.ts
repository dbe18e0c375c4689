import type { DirectoryChange } from '../../../api/schemas/directories.ts';
import { ApiProblem } from '../../api-problem.ts';
import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, flag, list, number, text, UsageError } from '../../command.ts';
import { givenPassword, passwordOptions, requiredPassword } from '../../directory-password.ts';
import { settingOptions, unsettableNames, withGivenSettings, withoutSettings } from '../../directory-settings.ts';
import { exitCodes } from '../../exit-codes.ts';
import { directoryText } from '../../output/directory-text.ts';
import { checkTimeZone, ownTimeZone, parseSchedule, SCHEDULE_FORMS, scheduleText } from '../../schedule-text.ts';
import { directoryArgument, withDirectory } from './directory-names.ts';

export const directoryChange = defineCommand({
  path: ['directory', 'change'],
  summary: 'Change settings, password or schedule of a directory',
  description:
    'What is not named stays. A list that is given (search bases, mail domains, extra attributes) replaces the whole list; --unset gives a setting back to its default. The next run takes the change up. A change of server, port, protection, authority or account needs the password again: a stored one is not sent to another place.',
  examples: [
    { line: 'lockstep directory change hq --password', what: 'Type a new password' },
    { line: 'lockstep directory change hq --host dc2.corp.example --unset port', what: 'Another domain controller, on the default port' },
    { line: 'lockstep directory change hq --schedule "every 30 min 06:00-22:00"', what: 'Another schedule' },
  ],
  arguments: directoryArgument,
  options: {
    password: flag('ask for a new password'),
    ...passwordOptions,
    account: text('account', 'who reads: svc@corp.example, CORP\\svc or a DN'),
    ...settingOptions,
    unset: list('setting', `give back to its default: ${unsettableNames.join(', ')}`),
    description: text('text', 'shown in lists'),
    schedule: text('when', SCHEDULE_FORMS),
    timeZone: text('zone', "zone of the schedule's local times (default: the one it has)"),
    jitterSeconds: number('seconds', 'start up to so much later, by chance', { minimum: 0, maximum: 3600 }),
    ...apiOptions,
  },
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const before = await withDirectory(api, given.name, () => api.directory(given.name));
    const named = await withGivenSettings(before.settings, options);
    const settings = withoutSettings(options.account === undefined ? named : { ...named, account: options.account }, options.unset);
    const password = options.password ? await requiredPassword(options, settings.account, io) : await givenPassword(options, io);

    let schedule: DirectoryChange['schedule'];
    if (options.schedule !== undefined || options.timeZone !== undefined) {
      const timeZone = options.timeZone === undefined ? (before.schedule?.timeZone ?? ownTimeZone()) : checkTimeZone(options.timeZone);
      schedule = parseSchedule(options.schedule ?? scheduleText(before.schedule), timeZone);
    }
    const change: DirectoryChange = {
      ...(JSON.stringify(settings) === JSON.stringify(before.settings) ? {} : { settings }),
      ...(password === undefined ? {} : { password }),
      ...(schedule === undefined ? {} : { schedule }),
      ...(options.description === undefined ? {} : { description: options.description }),
      ...(options.jitterSeconds === undefined ? {} : { jitterSeconds: options.jitterSeconds }),
    };
    if (Object.keys(change).length === 0) throw new UsageError('Nothing to change: no option says anything new.');
    const directory = await api.changeDirectory(given.name, change).catch(async (error: unknown) => {
      // A stored password is not sent to another server or by a weaker connection: the API asks for it again.
      if (!(error instanceof ApiProblem) || !error.concerns('/password') || password !== undefined) throw error;
      if (!io.interactive) throw error.withNext('Give the password again: --password-stdin, --password-file or LOCKSTEP_DIRECTORY_PASSWORD.');
      io.progress.line('The stored password is not sent to another place. Please type it again.');
      return api.changeDirectory(given.name, { ...change, password: await requiredPassword(options, settings.account, io) });
    });
    return {
      exitCode: exitCodes.ok,
      data: directory,
      text: `${directoryText(directory, io.now())}\n\nChanged. Try it: lockstep directory test ${directory.name}`,
    };
  },
});
