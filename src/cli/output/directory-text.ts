import type { Directory } from '../../api/schemas/directories.ts';
import { scheduleSentence, scheduleText } from '../schedule-text.ts';
import { clean } from './clean.ts';
import { addCommand } from './domains-text.ts';
import { type Field, fields } from './fields.ts';
import { count, counted } from './numbers.ts';
import { runKindText, runStyle, runTitle, totalsText } from './run-text.ts';
import { styled } from './style.ts';
import { table } from './table.ts';
import { localTime, relativeTime } from './times.ts';

const lastRunText = (directory: Directory, now: Date): string => {
  const run = directory.lastRun;
  if (run === null) return 'never run';
  return `${runKindText(run.kind)} ${run.state} ${relativeTime(run.finishedAt ?? run.startedAt ?? run.requestedAt, now)}`;
};

const NO_PASSWORD = 'no password set';
/** Of a schedule that a refused sign-in has stopped. */
export const PARKED = 'stopped until it can sign in';

function nextRunsText(directory: Directory): string | readonly string[] {
  if (directory.parked !== null) {
    const { since, reason, next } = directory.parked;
    return [`${PARKED} (since ${localTime(since)}): ${clean(reason)}`, `→ ${clean(next)}`];
  }
  return directory.state === 'paused' ? 'none while paused' : directory.nextRuns.slice(0, 3).map((instant) => localTime(instant));
}

export const directoriesTable = (directories: readonly Directory[], now: Date, width: number): string =>
  table(
    directories,
    [
      { title: 'DIRECTORY', value: (directory) => directory.name },
      { title: 'SITE', value: (directory) => directory.site },
      {
        title: 'STATE',
        value: (directory) => (directory.credential.set ? directory.state : NO_PASSWORD),
        style: (directory) => (directory.credential.set && directory.state === 'active' ? undefined : 'warn'),
      },
      {
        title: 'SCHEDULE',
        value: (directory) => (directory.parked === null ? scheduleText(directory.schedule) : PARKED),
        style: (directory) => (directory.parked === null ? undefined : 'warn'),
      },
      {
        title: 'LAST RUN',
        value: (directory) => lastRunText(directory, now),
        style: (directory) => (directory.lastRun === null ? 'warn' : runStyle(directory.lastRun.state)),
      },
      { title: 'PEOPLE', value: (directory) => count(directory.counts.people), align: 'right' },
      { title: 'GROUPS', value: (directory) => count(directory.counts.groups), align: 'right' },
      { title: 'PROBLEMS', value: (directory) => count(directory.openProblems), align: 'right', style: (directory) => (directory.openProblems > 0 ? 'warn' : undefined) },
    ],
    width,
  );

/** How changes are told, how their watcher goes, and what comes beside it. */
function changesFields({ changes, findings, name, state }: Directory, now: Date): Field[] {
  const { method, reason, deletionsVisible, watchedAt, error, nextReconcileAt, reconcile } = changes;
  const seen = watchedAt === null ? '' : `, last heard of ${relativeTime(watchedAt, now)}`;
  return [
    ['changes', method === null ? 'how they are told is found out by the first full reading' : methodSentences[method]],
    ['because', reason],
    ['deletions', deletionsVisible === null ? undefined : deletionsVisible ? 'are noticed with the other changes' : 'are noticed by the next full reading only'],
    ['watcher', `${watchSentences[changes.state](changes)}${changes.state === 'off' && state === 'paused' ? ' while paused' : seen}`],
    ['', error === null ? undefined : [`${clean(error.message)} (${error.code})`, `→ ${clean(error.next)}`]],
    ['next reconcile', nextReconcileAt === null ? 'none by schedule' : localTime(nextReconcileAt)],
    ['needed', reconcile === null ? undefined : `a full reading, which waits until ${localTime(reconcile.notBefore)}: ${clean(reconcile.detail)} (${reconcile.code})`],
    ['domains', findings === null ? undefined : findings.domains.map((domain) => domainLine(name, domain))],
    ['referrals', findings === null || findings.references.length === 0 ? undefined : `${counted(findings.references.length, 'place')}, noted and never followed (lockstep directory domains ${name})`],
  ];
}

type Changes = Directory['changes'];
const methodSentences: Readonly<Record<NonNullable<Changes['method']>, string>> = {
  dirsync: 'told by DirSync',
  usn: 'found by uSNChanged, on one controller',
  none: 'not told: the directory is read in full each time',
};
const watchSentences: Readonly<Record<Changes['state'], (changes: Changes) => string>> = {
  watching: ({ pollSeconds }) => `asks every ${counted(pollSeconds, 'second')}`,
  waiting: () => 'waits',
  silent: () => 'says nothing: see whether the site is online',
  'not-yet': () => 'begins after the first full reading',
  off: () => 'off',
};

const domainLine = (directory: string, { dnsName, readBy, suggestedName }: NonNullable<Directory['findings']>['domains'][number]): string =>
  suggestedName === null ? `${dnsName}, read by ${readBy.join(', ')}` : `${dnsName}, read by nobody: ${addCommand(directory, suggestedName)}`;

/** All that is known of a directory, settings that were left to be found out included. */
export function directoryText(directory: Directory, now: Date): string {
  const { settings, lastRun } = directory;
  const parts = [
    fields([
      ['directory', directory.name],
      ['description', directory.description],
      ['site', directory.site],
      ['state', directory.state],
      ['server', `${settings.host ?? 'found by DNS'}${settings.port === undefined ? '' : `:${settings.port}`}, ${settings.security}`],
      ['account', settings.account],
      ['password', directory.credential.set ? `set ${localTime(directory.credential.changedAt)}` : NO_PASSWORD],
      ['authority', settings.caPem === undefined ? "the system's" : 'one of its own'],
      ['base DN', settings.baseDn ?? "the server's default naming context"],
      ['search bases', settings.searchBases],
      ['filter', settings.filter],
      ['mail domains', settings.mailDomains === undefined || settings.mailDomains.length === 0 ? 'all' : settings.mailDomains.join(', ')],
      ['disabled accounts', settings.acknowledgeDisabled ? 'are disabled in the archive' : 'stay enabled in the archive'],
      ['extra attributes', settings.extraAttributes?.join(', ')],
      ['schedule', scheduleSentence(directory.schedule)],
      ['next runs', nextRunsText(directory)],
      ['skipped ticks', directory.skippedTicks === 0 ? undefined : count(directory.skippedTicks)],
    ]),
    fields(changesFields(directory, now)),
    fields([
      ['people', count(directory.counts.people)],
      ['groups', count(directory.counts.groups)],
      ['missing', count(directory.counts.missing)],
      ['problems', directory.openProblems === 0 ? '0' : `${count(directory.openProblems)} (lockstep directory problems ${directory.name})`],
    ]),
  ];
  if (directory.warnings.length > 0) parts.push(directory.warnings.map((warning) => `${styled('warn', '!')} ${clean(warning)}`).join('\n'));
  if (lastRun !== null) {
    parts.push(
      fields([
        ['last run', `${runTitle(lastRun)}: ${lastRun.state}, ${relativeTime(lastRun.finishedAt ?? lastRun.startedAt ?? lastRun.requestedAt, now)}`],
        ['totals', totalsText(lastRun.totals)],
        ['waiting', lastRun.waiting ?? undefined],
        ['error', lastRun.error === null ? undefined : [`${clean(lastRun.error.message)} (${lastRun.error.code})`, `→ ${lastRun.error.next}`]],
      ]),
    );
  } else {
    parts.push(`Never run. Start it: lockstep directory sync ${directory.name}`);
  }
  return parts.join('\n\n');
}
