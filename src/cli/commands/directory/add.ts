import type { ApiClient } from '../../api-client.ts';
import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { type CommandIo, defineCommand, flag, number, text, UsageError } from '../../command.ts';
import { passwordOptions, requiredPassword } from '../../directory-password.ts';
import { askDirectory } from '../../directory-questions.ts';
import { type GivenSettings, settingOptions, withGivenSettings } from '../../directory-settings.ts';
import { exitCodes } from '../../exit-codes.ts';
import { allItems } from '../../paging.ts';
import { checkTimeZone, ownTimeZone, parseSchedule, SCHEDULE_FORMS, scheduleText } from '../../schedule-text.ts';
import { dailyReading } from '../../../shared/schedule-types.ts';
import { testDirectory } from './test.ts';

/** Changes come by themselves; what they cannot tell, a full reading does. */
const DEFAULT_SCHEDULE = scheduleText(dailyReading('UTC'));

export const directoryAdd = defineCommand({
  path: ['directory', 'add'],
  summary: 'Add an Active Directory domain',
  description:
    'Needs only the site, the account and its password; everything else is found out. Give the password with --password-stdin, --password-file or LOCKSTEP_DIRECTORY_PASSWORD, or type it when asked; it is sealed to the site and nobody can read it back. On a terminal, what is missing is asked for.\n\nAfterwards the directory is tested step by step. When the test fails, the directory is kept: correct it with lockstep directory change. Exit code 0 when the test passed, 1 when a step failed.',
  examples: [
    { line: 'lockstep directory add hq', what: 'Be asked for everything' },
    { line: 'lockstep directory add hq --site berlin --account svc-lockstep@corp.example --password-file secret.txt', what: 'The least that is needed' },
    {
      line: 'lockstep directory add hq --site berlin --account svc@corp.example --host dc1.corp.example --ca-file ca.pem --mail-domain corp.example --schedule "daily 05:00" --password-stdin < secret.txt',
      what: 'Everything by name',
    },
  ],
  arguments: { name: { description: 'short name: lower-case letters, digits and dashes' } },
  options: {
    site: text('name', 'site that reaches the directory (default: the only one)'),
    account: text('account', 'who reads: svc@corp.example, CORP\\svc or a DN'),
    ...passwordOptions,
    ...settingOptions,
    description: text('text', 'shown in lists'),
    schedule: text('when', `${SCHEDULE_FORMS} (default: "${DEFAULT_SCHEDULE}")`),
    timeZone: text('zone', "zone of the schedule's local times (default: this computer's)"),
    jitterSeconds: number('seconds', 'start up to so much later, by chance, so that directories do not all start at once', { minimum: 0, maximum: 3600 }),
    noTest: flag('do not test it afterwards'),
    ...apiOptions,
  },
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const settled = await settle(options, api, io);
    const schedule = parseSchedule(settled.schedule, options.timeZone === undefined ? ownTimeZone() : checkTimeZone(options.timeZone));
    const settings = await withGivenSettings({ account: settled.account, security: 'ldaps', acknowledgeDisabled: true }, settled);
    const directory = await api.addDirectory({
      name: given.name,
      site: settled.site,
      settings,
      password: await requiredPassword(options, settled.account, io),
      schedule,
      ...(options.description === undefined ? {} : { description: options.description }),
      ...(options.jitterSeconds === undefined ? {} : { jitterSeconds: options.jitterSeconds }),
    });
    const added = `${directory.name} is added.`;
    const next = `Next: lockstep directory plan ${directory.name} (shows what would be taken over), lockstep directory sync ${directory.name}`;
    if (options.noTest) return { exitCode: exitCodes.ok, data: { directory, test: null }, text: `${added}\n${next}` };

    io.progress.line(`${added} Testing it from ${directory.site}.`);
    const test = await testDirectory(api, directory.name, io);
    const after =
      test.exitCode === exitCodes.ok
        ? next
        : `${directory.name} is kept. Correct it: lockstep directory change ${directory.name} --help; try again: lockstep directory test ${directory.name}`;
    return { exitCode: test.exitCode, data: { directory, test: test.data }, text: `${test.text ?? ''}\n\n${after}` };
  },
});

interface Given extends GivenSettings {
  readonly site: string | undefined;
  readonly account: string | undefined;
  readonly schedule: string | undefined;
}
type Settled = GivenSettings & { readonly site: string; readonly account: string; readonly schedule: string };

/** What was given, completed by questions on a terminal, else by defaults. Questions come only when something needed is missing. */
async function settle(given: Given, api: ApiClient, io: CommandIo): Promise<Settled> {
  const { account, site } = given;
  const schedule = given.schedule ?? DEFAULT_SCHEDULE;
  if (account !== undefined && site !== undefined) return { ...given, account, site, schedule };
  const sites = (await allItems(api.sites)).filter(({ state }) => state !== 'disabled').map(({ name }) => name);
  const [only, second] = sites;
  if (only === undefined) throw new UsageError('There is no site that could read a directory. Register one first: lockstep site add NAME.');
  if (account === undefined && io.interactive) return { ...given, ...(await askDirectory(given, sites, DEFAULT_SCHEDULE, io)) };
  if (account === undefined) throw new UsageError('--account is missing: who reads the directory, such as svc-lockstep@corp.example.');
  if (site === undefined && second !== undefined) throw new UsageError(`--site is missing. The sites are ${sites.join(', ')}.`);
  return { ...given, account, site: site ?? only, schedule };
}
