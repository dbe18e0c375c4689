/** Runs in words. */
import type { Run, RunSummary, StartedRun } from '../../api/schemas/directories.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { clean } from './clean.ts';
import { fields } from './fields.ts';
import { count, counted } from './numbers.ts';
import type { Style } from './style.ts';
import { styled } from './style.ts';
import { testStepsText } from './test-steps-text.ts';
import { duration, localTime } from './times.ts';

/** The API may know states that this version does not: text, with what is known marked. */
export function runStyle(state: string): Style | undefined {
  switch (state) {
    case 'succeeded':
      return 'good';
    case 'failed':
    case 'interrupted':
      return 'bad';
    case 'partial':
    case 'held':
    case 'cancelled':
      return 'warn';
    default:
      return undefined;
  }
}

/** Exit code of a command that waited for the run. */
export function runExitCode(state: string): ExitCode {
  switch (state) {
    case 'succeeded':
      return exitCodes.ok;
    case 'partial':
    case 'held':
      return exitCodes.partial;
    case 'skipped':
      return exitCodes.refused;
    default:
      return exitCodes.failure;
  }
}

/** `directory-sync` is called `sync` by everybody, and so on. */
export const runKindText = (kind: string): string => kind.replace(/^(?:directory|exchange|connection)-/, '');

/** The directory, task or connection that it is a run of. */
export const runSubject = (run: Pick<RunSummary, 'integration' | 'task' | 'connection'>): string => run.integration ?? run.task ?? run.connection ?? '';

export const runTitle = (run: Pick<RunSummary, 'kind' | 'number' | 'integration' | 'task' | 'connection'>): string =>
  `${runKindText(run.kind)} #${run.number} of ${runSubject(run)}`;

/** What a command says that only starts a run. */
export const startedText = (run: StartedRun): string =>
  `${runTitle(run)} ${run.joined ? 'was open already' : 'is started'}. Follow it: lockstep runs show ${run.number} --follow`;

/** How long the run took, or has taken until `now`. */
export function runDuration(run: RunSummary, now: Date): string {
  if (run.startedAt === null) return '';
  const end = run.finishedAt === null ? now : new Date(run.finishedAt);
  return duration(end.getTime() - new Date(run.startedAt).getTime());
}

/** In the order in which people ask; what the API counts beyond these comes after them. */
const totalOrder = ['mailboxes', 'done', 'quiet', 'failed', 'waiting', 'duplicate', 'skipped', 'pages', 'items', 'seen', 'added', 'changed', 'unchanged', 'missing', 'returned', 'disabled', 'deleted', 'held', 'members', 'problems'];

/** `2 pages · 312 seen · 312 added`; zeros are left out, all but those of `seen`. */
export function totalsText(totals: RunSummary['totals']): string {
  const names = [...totalOrder.filter((name) => name in totals), ...Object.keys(totals).filter((name) => !totalOrder.includes(name))];
  return names
    .filter((name) => totals[name] !== 0 || name === 'seen')
    .map((name) => `${count(totals[name] ?? 0)} ${clean(totals[name] === 1 ? name.replace(/(?<=page|member|problem|item)s$|(?<=mailbox)es$/, '') : name)}`)
    .join(' · ');
}

/** One line while the run is open: pages, entries and rate (entries a second), or what it waits for. */
export function runProgressText(run: RunSummary, perSecond: number | undefined, now: Date): string {
  const title = `${runTitle(run)}:`;
  if (run.waiting !== null) return `${title} ${clean(run.waiting)}`;
  if (run.task !== null) return taskProgressText(title, run, perSecond, now);
  const { pages, seen } = run.totals;
  if (pages === undefined || seen === undefined) return `${title} ${run.state}`;
  const rate = perSecond === undefined || perSecond < 0.5 ? '' : `, ${count(Math.round(perSecond))} a second`;
  return `${title} ${counted(pages, 'page')}, ${counted(seen, 'entry', 'entries')}${rate}`;
}

const BAR_WIDTH = 20;

/** A bar over the mailboxes, what came so far and, once some are done, how long the rest will take at that rate. */
function taskProgressText(title: string, run: RunSummary, perSecond: number | undefined, now: Date): string {
  const { mailboxes, done = 0, failed = 0, waiting = 0, items = 0 } = run.totals;
  if (mailboxes === undefined) return `${title} ${run.state}`;
  const ended = done + failed;
  const filled = mailboxes === 0 ? BAR_WIDTH : Math.floor((ended / mailboxes) * BAR_WIDTH);
  const parts = [
    `[${'█'.repeat(filled)}${'·'.repeat(BAR_WIDTH - filled)}] ${count(ended)} of ${counted(mailboxes, 'mailbox', 'mailboxes')}`,
    `${counted(items, 'item')}${perSecond === undefined || perSecond < 0.5 ? '' : ` (${count(Math.round(perSecond))} a second)`}`,
    ...(waiting === 0 ? [] : [`${count(waiting)} waiting`]),
    ...(failed === 0 ? [] : [`${count(failed)} failed`]),
  ];
  const elapsed = run.startedAt === null ? 0 : now.getTime() - new Date(run.startedAt).getTime();
  if (ended > 0 && ended < mailboxes) parts.push(`about ${duration((elapsed / ended) * (mailboxes - ended))} left`);
  return `${title} ${parts.join(' · ')}`;
}

/** What came of a run that was waited for: a sentence, the totals, and what to do when not all is well. */
export function runResultText(run: Run, now: Date): string {
  const took = runDuration(run, now);
  const style = runStyle(run.state);
  const state = style === undefined ? run.state : styled(style, run.state);
  const lines = [`${runTitle(run)}: ${state}${took === '' ? '' : ` in ${took}`}`];
  const totals = totalsText(run.totals);
  if (totals !== '' && run.report === null) lines.push(`  ${totals}`);
  lines.push(...runErrorLines(run), ...heldLines(run));
  const problems = run.totals['problems'] ?? 0;
  if (run.integration !== null && (run.state === 'partial' || problems > 0)) {
    lines.push(`  ${counted(problems, 'object')} with problems: lockstep directory problems ${run.integration}`);
  }
  if (run.task !== null && (run.totals['failed'] ?? 0) > 0) lines.push(`  Which, and why: lockstep task status ${run.task}`);
  return lines.join('\n');
}

function runErrorLines(run: Pick<RunSummary, 'error'>): string[] {
  if (run.error === null) return [];
  return [`  ${styled('bad', '✗')} ${clean(run.error.message)} (${clean(run.error.code)})`, `  → ${clean(run.error.next)}`];
}

function plannedText({ settings, fromStored, forgottenAt }: NonNullable<Run['plan']>): string[] {
  return [
    fromStored ? 'from what was read before' : 'by asking the directory',
    ...(settings === null ? [] : [`with settings that are not saved: ${clean(JSON.stringify(settings))}`]),
    ...(forgottenAt === null ? [] : ['its entries are no longer kept']),
  ];
}

/** What the run held back: who waits for whom, and how it is decided. */
function heldLines({ held, number }: Run): string[] {
  const lines = held
    // The run's error says it already.
    .filter(({ kind, state }) => kind !== 'reading' || state !== 'open')
    .map((set) => {
      const reason = set.kind === 'reading' ? '' : ` ${clean(set.reason)}`;
      if (set.state === 'open') return `  ${styled('warn', '!')} ${set.kind} is held, nothing of it was done:${reason}`;
      if (set.resolvedAt === null || set.state === 'replaced') return `  ${set.kind} was held; a later synchronisation decided anew.${reason}`;
      const of = set.resolvedObjects === null || set.kind === 'reading' ? '' : `, ${counted(set.resolvedObjects, 'object')} of ${count(set.objects)} then`;
      return `  ${set.kind} was held and ${set.state} by ${clean(set.resolvedBy ?? 'a token that is gone')}, ${localTime(set.resolvedAt)}${of}.${reason}`;
    });
  const open = held.filter(({ state }) => state === 'open');
  if (open.some(({ kind }) => kind !== 'reading')) {
    lines.push(`  → See who: lockstep runs held ${number}. Then: lockstep runs approve ${number}, or lockstep runs reject ${number}.`);
  }
  return lines;
}

/** All that is known of a run, for `runs show`. */
export function runText(run: Run, now: Date): string {
  const style = runStyle(run.state);
  const main = fields([
    ['run', `${runTitle(run)}, ${run.trigger}`],
    ['object', run.object?.value],
    ['because', run.reason === null ? undefined : `${clean(run.reason.detail)} (${clean(run.reason.code)})`],
    ['planned', run.plan === null ? undefined : plannedText(run.plan)],
    ['state', run.state],
    ['waiting', run.waiting ?? undefined],
    ['requested', localTime(run.requestedAt)],
    ['started', run.startedAt === null ? undefined : localTime(run.startedAt)],
    ['last progress', run.finishedAt !== null || run.progressAt === null ? undefined : localTime(run.progressAt)],
    ['finished', run.finishedAt === null ? undefined : localTime(run.finishedAt)],
    ['took', runDuration(run, now)],
    ['totals', totalsText(run.totals)],
    ['id', run.id],
    ['workflow', run.workflowId],
  ]);
  const lines = [style === undefined ? main : main.replace(run.state, styled(style, run.state)), ...runErrorLines(run), ...heldLines(run)];
  if (run.report !== null) lines.push('', testStepsText(run.report));
  return lines.join('\n');
}

const stepFailed = (run: Run): boolean => run.report?.some((step) => step.outcome === 'failed') === true;

/** Exit code of a command that waited for a run whose steps are its result (a test, one object). */
export const stepsExitCode = (run: Run): ExitCode => (stepFailed(run) ? exitCodes.failure : runExitCode(run.state));

/** The steps of such a run. A failed step says everything; the run's own error is shown only when there is no such step. */
export function stepsResultText(run: Run, now: Date): string {
  if (run.report === null) return runResultText(run, now);
  const steps = testStepsText(run.report);
  return stepFailed(run) || run.state === 'succeeded' ? steps : `${steps}\n${runResultText(run, now)}`;
}
