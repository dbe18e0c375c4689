import type { Directory, DirectoryChange } from '../../../api/schemas/directories.ts';
import { readingSettings } from '../../../shared/directory.ts';
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
    'What is not named stays. A list that is given (search bases, mail domains, extra attributes) replaces the whole list; --unset gives a setting back to its default. What decides who is taken (base DN, search bases, filter, mail domains, disabled accounts, extra attributes, removals) is taken up by a full reading, which is asked for at once; what it would remove passes the limits first. See beforehand what it will do: lockstep directory plan NAME with the same options. A change of server, port, protection, authority or account needs the password again: a stored one is not sent to another place.',
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
      text: `${directoryText(directory, io.now())}\n\nChanged. ${whatFollows(before, directory)}`,
    };
  },
});

/** What the new settings bring about. */
function whatFollows(before: Directory, after: Directory): string {
  const { lastRun } = after;
  const names = readingSettings.filter((name) => JSON.stringify(before.settings[name]) !== JSON.stringify(after.settings[name]));
  if (names.length === 0) return `Try it: lockstep directory test ${after.name}`;
  const beforehand = `Next time see beforehand what it does: lockstep directory plan ${after.name} with the same options.`;
  if (lastRun === null || (lastRun.state !== 'queued' && lastRun.state !== 'running')) {
    return `The next reading takes ${names.join(', ')} up: lockstep directory sync ${after.name}. See what it will do: lockstep directory plan ${after.name}`;
  }
  return `${names.join(', ')} ${names.length === 1 ? 'decides' : 'decide'} who is taken: a full reading of the directory was asked for (lockstep runs show ${lastRun.number} --follow). What it would remove passes the limits first. ${beforehand}`;
}
