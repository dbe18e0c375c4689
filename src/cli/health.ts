import type { Connection } from '../api/schemas/connections.ts';
import type { Directory } from '../api/schemas/directories.ts';
import type { Site } from '../api/schemas/sites.ts';
import { clean } from './output/clean.ts';
import { PARKED } from './output/directory-text.ts';
import { counted } from './output/numbers.ts';
import { runKindText } from './output/run-text.ts';
import { siteNext } from './output/site-text.ts';
import { localTime } from './output/times.ts';

/** Something that asks for a person: what it is, and what to do. */
export interface Attention {
  readonly subject: string;
  readonly message: string;
  readonly next: string;
}

/** What is not well with sites, directories and connections. A site that was never connected counts once a directory needs it. */
export const attentionOf = (sites: readonly Site[], directories: readonly Directory[], connections: readonly Connection[]): Attention[] => [
  ...sites.flatMap((site) => siteAttention(site, directories)),
  ...directories.flatMap(directoryAttention),
  ...connections.flatMap(connectionAttention),
];

function connectionAttention({ name, credential, refused }: Connection): Attention[] {
  const subject = `connection ${name}`;
  if (!credential.set) return [{ subject, message: 'no password set', next: `lockstep connection change ${name} --password` }];
  if (refused === null) return [];
  return [{ subject, message: `schedules that need it wait (since ${localTime(refused.since)}): ${refused.reason}`, next: refused.next }];
}

function siteAttention(site: Site, directories: readonly Directory[]): Attention[] {
  const needed = directories.some((directory) => directory.site === site.name && directory.state === 'active');
  if (site.state === 'online' || (site.state !== 'offline' && !needed)) return [];
  return [{ subject: `site ${site.name}`, message: site.state, next: siteNext(site) ?? `lockstep site show ${site.name}` }];
}

function directoryAttention(directory: Directory): Attention[] {
  const subject = `directory ${directory.name}`;
  const found: Attention[] = [];
  const run = directory.lastRun;
  const title = run === null ? '' : `${runKindText(run.kind)} #${run.number}`;
  if (run?.waiting != null) found.push({ subject, message: `${title} waits: ${run.waiting}`, next: `lockstep runs show ${run.number}` });
  if (directory.parked !== null) {
    const { since, reason, next } = directory.parked;
    found.push({ subject, message: `its schedule is ${PARKED} (since ${localTime(since)}): ${reason}`, next });
  }
  if (!directory.credential.set) {
    found.push({ subject, message: 'no password set', next: `lockstep directory change ${directory.name} --password` });
  }
  if (run !== null && directory.parked === null && (run.state === 'failed' || run.state === 'interrupted')) {
    const why = run.error === null ? '' : `: ${clean(run.error.message)}`;
    found.push({ subject, message: `${title} ${run.state}${why}`, next: run.error?.next ?? `lockstep runs show ${run.number}` });
  }
  for (const { kind, reason, runNumber } of directory.held) {
    const what = kind === 'reading' ? 'what it read is doubtful' : `${kind} is held`;
    found.push({ subject, message: `${what}: ${clean(reason)}`, next: `lockstep runs show ${runNumber}` });
  }
  if (directory.changes.error !== null && directory.parked === null) {
    const { message, next } = directory.changes.error;
    found.push({ subject, message: `its changes are not followed: ${clean(message)}`, next });
  }
  if (directory.openProblems > 0) {
    found.push({
      subject,
      message: `${counted(directory.openProblems, 'object')} with problems`,
      next: `lockstep directory problems ${directory.name}`,
    });
  }
  return found;
}
