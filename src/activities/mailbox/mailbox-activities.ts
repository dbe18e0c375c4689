import { Context } from '@temporalio/activity';
import type { Logger } from 'pino';
import { LockstepError } from '../../shared/errors.ts';
import type { RunId } from '../../shared/ids.ts';
import type { MailboxSiteActivities } from '../../shared/mailbox-contract.ts';
import { Progress, type ProgressOptions } from '../directory/progress.ts';
import { siteFailure, withClass } from '../directory/site-failure.ts';
import { type MailboxWork, processMailbox } from './process-mailbox.ts';
import { sweepMailboxes } from './sweep-mailboxes.ts';

export interface MailboxActivityDependencies extends Pick<MailboxWork, 'client' | 'sources' | 'content'> {
  readonly logger: Logger;
  /** For tests that must not wait as long as real sources may. */
  readonly timing?: Pick<ProgressOptions, 'heartbeatMs' | 'stalledMs'>;
}

/** The site's part of folder replication. Nothing that is read, and no sentence, is returned or thrown: counts, ordinals and codes only. */
export function createMailboxSiteActivities(deps: MailboxActivityDependencies): Pick<MailboxSiteActivities, 'sweepMailboxes' | 'processMailbox'> {
  return {
    sweepMailboxes: (input) => working(deps, input.runId, (work) => sweepMailboxes(work, input)),
    processMailbox: (input) => working(deps, input.runId, (work) => processMailbox(work, input)),
  };
}

async function working<T>({ client, sources, content, logger: parent, timing }: MailboxActivityDependencies, run: RunId, work: (work: MailboxWork) => Promise<T>): Promise<T> {
  const context = Context.current();
  const logger = parent.child({ run, attempt: context.info.attempt });
  using progress = new Progress({ heartbeat: (details) => context.heartbeat(details), signal: context.cancellationSignal, stalled, ...timing });
  let [pages, bytes] = [0, 0];
  const onPage = () => {
    pages += 1;
    progress.made({ pages, bytes });
  };
  const onBytes = (count: number) => {
    bytes += count;
    progress.made({ pages, bytes });
  };
  try {
    return await work({ client, sources, content, signal: progress.signal, onPage, onBytes });
  } catch (error) {
    // Whatever else failed because of it: what was cancelled ends as cancelled.
    if (context.cancellationSignal.aborted) throw context.cancellationSignal.reason;
    const failure = withClass(error);
    logger.warn({ class: failure.class, code: failure.code, ...(failure === error ? {} : { err: error }) }, 'mailbox activity failed');
    throw siteFailure(failure);
  }
}

const stalled = (afterMs: number): LockstepError =>
  new LockstepError({
    class: 'Unavailable',
    code: 'mailbox.stalled',
    message: `No page of a mailbox was committed for ${Math.round(afterMs / 60_000)} minutes.`,
    next: 'Check the load of Exchange and of the Lockstep server; the reading goes on where it was.',
  });
