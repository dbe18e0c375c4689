import { Context } from '@temporalio/activity';
import type { Logger } from 'pino';
import type { IngestClient } from '../../client/ingest-client.ts';
import type { DirectorySource } from '../../directory/directory-source.ts';
import { createLdapSource } from '../../directory/ldap-source.ts';
import type { DirectorySettings } from '../../shared/directory.ts';
import { LockstepError } from '../../shared/errors.ts';
import type { IntegrationId, RunId } from '../../shared/ids.ts';
import type { OpenRunAnswer, SiteActivities, WatchAnswer } from '../../shared/site-contract.ts';
import { Progress, type ProgressOptions } from './progress.ts';
import { siteFailure, withClass } from './site-failure.ts';
import { syncObject } from './sync-object.ts';
import { watchDirectory, type WatchTiming } from './watch-directory.ts';

export interface SiteActivityDependencies {
  readonly ingest: IngestClient;
  /** Opens what was sealed to this site's key; answers the password. */
  openCredential(sealed: Buffer, integration: IntegrationId): Promise<string>;
  readonly createSource?: (options: { readonly settings: DirectorySettings; readonly password: string }) => DirectorySource;
  readonly logger: Logger;
  /** For tests that must not wait as long as real sources may. */
  readonly timing?: Pick<ProgressOptions, 'heartbeatMs' | 'stalledMs'> & Partial<WatchTiming>;
}

/** The site's part of the directory workflows. Nothing that is read, and no sentence, is returned or thrown: counts and codes only. */
export function createDirectorySiteActivities(deps: SiteActivityDependencies): SiteActivities {
  const { ingest, createSource = createLdapSource } = deps;

  const openSource = async (integration: IntegrationId, { settings, sealedCredential }: Pick<OpenRunAnswer, 'settings' | 'sealedCredential'>): Promise<DirectorySource> =>
    createSource({ settings, password: await openPassword(deps, sealedCredential, integration) });
  const sourceOf = (answer: OpenRunAnswer): Promise<DirectorySource> => openSource(answer.integrationId, answer);

  return {
    readDirectory: ({ runId }) =>
      working(deps, runId, async (progress, logger) => {
        const answer = await ingest.openRun(runId, progress.signal);
        if (answer.cursor === undefined) throw noCursor();
        const source = await sourceOf(answer);
        const { epoch } = answer.cursor;
        let { seq } = answer.cursor;
        const totals = { pages: 0, entries: 0, members: 0, problems: 0 };
        for await (const { findings, ...page } of source.read(progress.signal)) {
          // Before the page that ends the run's reading: after it the run may be closed at any moment.
          if (findings !== undefined) await ingest.putReport(runId, { findings }, progress.signal);
          const committed = await ingest.postPage(runId, { epoch, seq }, page, progress.signal);
          switch (committed.outcome) {
            case 'applied':
            case 'already-applied':
              seq = committed.seq;
              break;
            case 'superseded':
              // Of an attempt that Temporal has given up nobody hears this failure. If it is the current one that was
              // overtaken (by the late opening of a lost one), it must read again: nothing would end the run otherwise.
              logger.info({ epoch, newer: committed.epoch }, 'another attempt opened a newer epoch');
              throw superseded();
            case 'stale':
              throw stale();
          }
          totals.pages += 1;
          totals.entries += page.entries.length;
          totals.problems += page.problems.length;
          for (const { dns } of page.members) totals.members += dns.length;
          progress.made({ seq, entries: totals.entries });
        }
        logger.info({ epoch, ...totals }, 'directory read');
        return totals;
      }),

    testDirectory: ({ runId }) =>
      working(deps, runId, async (progress) => {
        const source = await sourceOf(await ingest.openRun(runId, progress.signal));
        const { steps, domains } = await source.test(progress.signal);
        await ingest.putReport(runId, { steps, findings: { domains, references: [] } }, progress.signal);
        const count = (outcome: string) => steps.filter((step) => step.outcome === outcome).length;
        return { passed: count('passed'), failed: count('failed') };
      }),

    syncObject: ({ runId }) =>
      working(deps, runId, async (progress) => {
        const answer = await ingest.openRun(runId, progress.signal);
        return syncObject(ingest, runId, answer, await sourceOf(answer), progress);
      }),

    watchDirectory: ({ integrationId }) => {
      const context = Context.current();
      const openWatched = (access: NonNullable<WatchAnswer['access']>) => openSource(integrationId, access);
      return watchDirectory({ ingest, openSource: openWatched, logger: deps.logger, timing: deps.timing ?? {} }, integrationId, {
        heartbeat: (details) => context.heartbeat(details),
        signal: context.cancellationSignal,
      });
    },
  };
}

/** Runs an activity's work with heartbeats, and turns its failure into what may enter a history. */
async function working<T>(deps: SiteActivityDependencies, runId: RunId, work: (progress: Progress, logger: Logger) => Promise<T>): Promise<T> {
  const context = Context.current();
  const logger = deps.logger.child({ run: runId, attempt: context.info.attempt });
  using progress = new Progress({
    heartbeat: (details) => context.heartbeat(details),
    signal: context.cancellationSignal,
    ...deps.timing,
  });
  try {
    return await work(progress, logger);
  } catch (error) {
    // Whatever else failed because of it: what was cancelled ends as cancelled.
    if (context.cancellationSignal.aborted) throw context.cancellationSignal.reason;
    const failure = withClass(error);
    // A known failure's sentences go to the platform; only of an unknown one is more of use here.
    logger.warn({ class: failure.class, code: failure.code, ...(failure === error ? {} : { err: error }) }, 'directory activity failed');
    // Not for as long as the work itself may wait: without the sentences the run still ends with its code.
    await deps.ingest
      .putError(runId, failure.report(), AbortSignal.any([context.cancellationSignal, AbortSignal.timeout(30_000)]))
      .catch((reason: unknown) => logger.warn({ err: reason }, 'the reason could not be reported'));
    throw siteFailure(failure);
  }
}

async function openPassword(deps: SiteActivityDependencies, sealed: string, integration: IntegrationId): Promise<string> {
  try {
    return await deps.openCredential(Buffer.from(sealed, 'base64'), integration);
  } catch (error) {
    if (error instanceof LockstepError) throw error;
    throw new LockstepError({
      class: 'AuthRejected',
      code: 'directory.credential-unreadable',
      message: 'The site cannot open the password of the integration: it was sealed to another key.',
      next: 'Enter the password of the integration again; it is then sealed to this site.',
      cause: error,
    });
  }
}

const noCursor = (): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'site.not-a-reading',
    message: 'The platform opened the run without a place to begin.',
    next: 'Upgrade site and server to versions that go together.',
  });

const superseded = (): LockstepError =>
  new LockstepError({
    class: 'CursorInvalid',
    code: 'directory.superseded',
    message: 'A newer attempt of the same run reads the directory.',
    next: 'Nothing: one of the attempts reads to the end.',
  });

/** Somebody else wrote in our epoch, which no attempt shares with another: begin again in a new one. */
const stale = (): LockstepError =>
  new LockstepError({
    class: 'CursorInvalid',
    code: 'directory.page-out-of-order',
    message: 'The platform expected another page than the one that was sent.',
    next: 'Nothing: the reading starts again.',
  });
