import type { Directory } from '../../api/schemas/directories.ts';
import { scheduleSentence, scheduleText } from '../schedule-text.ts';
import { clean } from './clean.ts';
import { fields } from './fields.ts';
import { count } from './numbers.ts';
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

const methods = { dirsync: 'by DirSync', usn: 'by uSNChanged', none: 'by full readings only' } as const;

function changesText({ changes, askedAt, error, reconcile }: Directory['watch'], now: Date): readonly string[] {
  const lines = [changes === null ? 'known after the first full reading' : `${methods[changes.method]}${changes.reason === '' ? '' : `: ${clean(changes.reason)}`}`];
  if (changes !== null && !changes.deletionsVisible) lines.push('deletions are noticed by the next full reading');
  if (error !== null) lines.push(`not watched: ${clean(error.message)} (${error.code})`, `→ ${clean(error.next)}`);
  else if (askedAt !== null) lines.push(`watched, last heard of ${relativeTime(askedAt, now)}`);
  if (reconcile !== null) lines.push(`needs a full reading, which waits until ${localTime(reconcile.notBefore)}: ${clean(reconcile.detail)} (${reconcile.code})`);
  return lines;
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
      ['changes', changesText(directory.watch, now)],
      ['skipped ticks', directory.skippedTicks === 0 ? undefined : count(directory.skippedTicks)],
    ]),
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
