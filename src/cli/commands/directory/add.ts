import type { NewDirectory } from '../../../api/schemas/directories.ts';
import type { ApiClient } from '../../api-client.ts';
import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { type CommandIo, defineCommand, flag, number, text, UsageError } from '../../command.ts';
import { type GivenPassword, passwordOptions, requiredPassword } from '../../directory-password.ts';
import { askDirectory } from '../../directory-questions.ts';
import { type GivenSettings, givenSettings, settingOptions, withGivenSettings } from '../../directory-settings.ts';
import { exitCodes } from '../../exit-codes.ts';
import { allItems } from '../../paging.ts';
import { checkTimeZone, ownTimeZone, parseSchedule, SCHEDULE_FORMS, scheduleText } from '../../schedule-text.ts';
import { dailyReading } from '../../../shared/schedule-types.ts';
import { withDirectory } from './directory-names.ts';
import { testDirectory } from './test.ts';

/** Changes come by themselves; what they cannot tell, a full reading does. */
const DEFAULT_SCHEDULE = scheduleText(dailyReading('UTC'));

export const directoryAdd = defineCommand({
  path: ['directory', 'add'],
  summary: 'Add an Active Directory domain',
  description:
    'Needs only the site, the account and its password; everything else is found out. Give the password with --password-stdin, --password-file or LOCKSTEP_DIRECTORY_PASSWORD, or type it when asked; it is sealed to the site and nobody can read it back. On a terminal, what is missing is asked for.\n\nAfterwards the directory is tested step by step. When the test fails, the directory is kept: correct it with lockstep directory change. Exit code 0 when the test passed, 1 when a step failed.\n\nWith --from it is added for another domain of that directory\'s forest (see lockstep directory domains): at the same site, with the same protection, authority and schedule, and with the base DN of that domain; every option that is given comes before. Give another --account where the first one may not read the domain. The password is asked for in any case: the first one is sealed to its own directory.',
  examples: [
    { line: 'lockstep directory add hq', what: 'Be asked for everything' },
    { line: 'lockstep directory add hq --site berlin --account svc-lockstep@corp.example --password-file secret.txt', what: 'The least that is needed' },
    { line: 'lockstep directory add emea --from hq', what: 'Another domain of the forest of hq' },
    {
      line: 'lockstep directory add hq --site berlin --account svc@corp.example --host dc1.corp.example --ca-file ca.pem --mail-domain corp.example --schedule "daily 05:00" --password-stdin < secret.txt',
      what: 'Everything by name',
    },
  ],
  arguments: { name: { description: 'short name: lower-case letters, digits and dashes' } },
  options: {
    from: text('directory', 'add another domain of the forest of this one, like it'),
    domain: text('domain', 'with --from: which one, by DNS or NetBIOS name (default: the one called like the new directory)'),
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
    const wanted = options.from === undefined ? await standalone(options, api, io) : await replicated(options, options.from, api, io);
    const directory = await api.addDirectory({
      name: given.name,
      ...wanted,
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

interface Given extends GivenSettings, GivenPassword {
  readonly site: string | undefined;
  readonly account: string | undefined;
  readonly schedule: string | undefined;
  readonly timeZone: string | undefined;
  readonly domain: string | undefined;
}
type Wanted = Omit<NewDirectory, 'name'>;

async function standalone(given: Given, api: ApiClient, io: CommandIo): Promise<Wanted> {
  if (given.domain !== undefined) throw new UsageError('--domain has a meaning only with --from.');
  const settled = await settle(given, api, io);
  const schedule = parseSchedule(settled.schedule, zoneOf(given));
  const settings = await withGivenSettings({ account: settled.account, security: 'ldaps', acknowledgeDisabled: true }, settled);
  return { site: settled.site, settings, schedule, password: await requiredPassword(given, settled.account, io) };
}

/** Another domain of a forest: what is not given is as it is there. */
async function replicated(given: Given, from: string, api: ApiClient, io: CommandIo): Promise<Wanted> {
  const { account, site, domain, schedule } = given;
  const overrides = { ...(await givenSettings(given)), ...(account === undefined ? {} : { account }) };
  const other = await withDirectory(api, from, () => api.directory(from));
  return {
    from,
    overrides,
    ...(site === undefined ? {} : { site }),
    ...(domain === undefined ? {} : { domain }),
    ...(schedule === undefined ? {} : { schedule: parseSchedule(schedule, zoneOf(given)) }),
    password: await requiredPassword(given, account ?? other.settings.account, io),
  };
}

const zoneOf = ({ timeZone }: Given): string => (timeZone === undefined ? ownTimeZone() : checkTimeZone(timeZone));
type Settled = GivenSettings & { readonly site: string; readonly account: string; readonly schedule: string };

/** What was given, completed by questions on a terminal, else by defaults. Questions come only when something needed is missing. */
async function settle(given: Pick<Given, keyof GivenSettings | 'site' | 'account' | 'schedule'>, api: ApiClient, io: CommandIo): Promise<Settled> {
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
