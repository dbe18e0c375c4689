import type { IngestClient } from '../../client/ingest-client.ts';
import type { DirectorySource } from '../../directory/directory-source.ts';
import type { DirectoryObjectStep } from '../../shared/directory.ts';
import { LockstepError } from '../../shared/errors.ts';
import type { RunId } from '../../shared/ids.ts';
import type { AppliedObject, DirectoryTestTotals, OpenRunAnswer } from '../../shared/site-contract.ts';
import type { Progress } from './progress.ts';

/**
 * Reads one object and hands it to the platform, and reports what happened at each step. A step that fails is a result, not
 * a failure of the run: what was found of the object up to there is what the administrator wants to know.
 */
export async function syncObject(ingest: IngestClient, runId: RunId, answer: OpenRunAnswer, source: DirectorySource, progress: Progress): Promise<DirectoryTestTotals> {
  const { object: query, cursor } = answer;
  if (query === undefined || cursor === undefined) throw notOneObject();
  const { steps, pages } = await source.object(query, progress.signal);
  const began = performance.now();
  let applied: AppliedObject | undefined;
  let { seq } = cursor;
  for (const page of pages) {
    const committed = await ingest.postPage(runId, { epoch: cursor.epoch, seq }, page, progress.signal);
    if (committed.outcome === 'stale' || committed.outcome === 'superseded') throw overtaken();
    seq = committed.seq;
    applied = committed.object;
    progress.made({ seq });
  }
  const durationMs = Math.round(performance.now() - began);
  const objectSteps = [...steps, ...platformSteps(pages.length > 0, applied, durationMs)];
  await ingest.putReport(runId, { objectSteps }, progress.signal);
  const count = (outcome: string) => objectSteps.filter((step) => step.outcome === outcome).length;
  return { passed: count('passed'), failed: count('failed') };
}

function platformSteps(read: boolean, applied: AppliedObject | undefined, durationMs: number): readonly DirectoryObjectStep[] {
  if (!read) return (['scope', 'apply'] as const).map((step) => ({ step, outcome: 'skipped', detail: 'A step before it failed.', durationMs: 0 }));
  const scope = applied?.scopeDetail ?? 'The platform did not say.';
  return [
    { step: 'scope', outcome: 'passed', detail: scope, durationMs: 0 },
    { step: 'apply', outcome: 'passed', detail: applied?.outcomeDetail ?? 'Applied.', durationMs },
  ];
}

const notOneObject = (): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'site.not-one-object',
    message: 'The platform opened the run without saying which object to read.',
    next: 'Upgrade site and server to versions that go together.',
  });

const overtaken = (): LockstepError =>
  new LockstepError({
    class: 'CursorInvalid',
    code: 'directory.superseded',
    message: 'A newer attempt of the same run reads the object.',
    next: 'Nothing: one of the attempts reads to the end.',
  });
