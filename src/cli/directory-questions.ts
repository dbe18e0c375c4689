/** What `directory add` asks a person for. Every question has its default in brackets; Enter takes it. */
import type { CommandIo } from './command.ts';
import { directorySecurities, type DirectorySecurity } from '../shared/directory.ts';
import { ownTimeZone, parseSchedule, SCHEDULE_FORMS } from './schedule-text.ts';
import type { GivenSettings } from './directory-settings.ts';

export type DirectoryAnswers = Pick<GivenSettings, 'host' | 'security' | 'mailDomain'> & {
  readonly site: string;
  readonly account: string;
  readonly schedule: string;
};

/** Asks for what `given` does not say, until each answer can be taken. */
export async function askDirectory(
  given: { readonly [K in keyof DirectoryAnswers]: DirectoryAnswers[K] | undefined },
  sites: readonly string[],
  defaultSchedule: string,
  io: CommandIo,
): Promise<DirectoryAnswers> {
  const known = sites.length === 0 ? '' : ` (${sites.join(', ')})`;
  const onlySite = sites.length === 1 ? sites[0] : undefined;
  const site = given.site ?? (await question(io, `Site that reaches the directory${known}`, onlySite));
  const account = given.account ?? (await question(io, 'Account that reads it, such as svc-lockstep@corp.example', undefined));
  const host = given.host ?? (await optionalQuestion(io, 'Domain controller', 'found by DNS'));
  const security = given.security ?? (await choiceQuestion(io, 'Protection of the connection', directorySecurities, 'ldaps'));
  const mailDomain =
    given.mailDomain === undefined || given.mailDomain.length === 0
      ? [(await optionalQuestion(io, 'Only people with addresses in these domains, with commas', 'all')) ?? ''].filter((answer) => answer !== '')
      : given.mailDomain;
  const schedule = given.schedule ?? (await scheduleQuestion(io, defaultSchedule));
  return { site, account, host, security, mailDomain, schedule };
}

async function question(io: CommandIo, text: string, fallback: string | undefined): Promise<string> {
  for (;;) {
    const answer = (await io.ask(fallback === undefined ? text : `${text} [${fallback}]`)).trim();
    if (answer !== '') return answer;
    if (fallback !== undefined) return fallback;
    io.progress.line('This one has no default.');
  }
}

async function optionalQuestion(io: CommandIo, text: string, shown: string): Promise<string | undefined> {
  const answer = (await io.ask(`${text} [${shown}]`)).trim();
  return answer === '' ? undefined : answer;
}

async function choiceQuestion(io: CommandIo, text: string, choices: typeof directorySecurities, fallback: DirectorySecurity): Promise<DirectorySecurity> {
  for (;;) {
    const answer = await question(io, `${text}: ${choices.join(', ')}`, fallback);
    const choice = choices.find((each) => each === answer);
    if (choice !== undefined) return choice;
    io.progress.line(`Write one of ${choices.join(', ')}.`);
  }
}

async function scheduleQuestion(io: CommandIo, fallback: string): Promise<string> {
  for (;;) {
    const answer = await question(io, 'Schedule', fallback);
    try {
      parseSchedule(answer, ownTimeZone());
      return answer;
    } catch {
      io.progress.line(`Write ${SCHEDULE_FORMS}.`);
    }
  }
}
