import type { MailboxClient } from '../../client/mailbox-client.ts';
import type { MailboxCapability } from '../../shared/mailbox-capabilities.ts';
import { type ErrorClass, permanentErrorClasses } from '../../shared/errors.ts';
import type { RunId } from '../../shared/ids.ts';
import type { MailboxClaim, MailboxResult, ProcessMailboxInput, ProcessMailboxResult } from '../../shared/mailbox-contract.ts';
import { withClass } from '../directory/site-failure.ts';
import type { ConnectionSources } from './connection-sources.ts';
import { type ContentTransfer, replicateContent } from './replicate-content.ts';
import { replicateMailbox, type ReplicationResult } from './replicate-mailbox.ts';

export interface MailboxWork {
  readonly client: MailboxClient;
  readonly sources: Pick<ConnectionSources, 'use'>;
  readonly signal: AbortSignal;
  /** A page was committed: the work gets somewhere. */
  readonly onPage: () => void;
  readonly content: ContentTransfer;
  /** Bytes of content arrived. */
  readonly onBytes: (count: number) => void;
}

export const isPermanent = (errorClass: ErrorClass): boolean => (permanentErrorClasses as readonly ErrorClass[]).includes(errorClass);

/** Of a mailbox that was just read: whether somebody wants content of it. */
export const isContentNext = (
  { withContent, contentDue }: MailboxClaim, capabilities: ReadonlySet<MailboxCapability>, { outcome }: ReplicationResult,
): boolean => withContent && capabilities.has('mime') && (contentDue || outcome === 'finished');

/** Attempts in a row that bring nothing, with back-off between them some twenty minutes. The next run tries again. */
const FRUITLESS_ATTEMPTS = 10;
/** Of those that Exchange never answered, each for three minutes: a run does not stay open for them. */
const SILENT_ATTEMPTS = 3;

/**
 * Replicates one mailbox to the end, however long it takes. What no retry can cure is the mailbox's result, and so is a failure that stays
 * though nothing more is read.
 * @throws LockstepError of a class that is worth another attempt; the reason is in the mailbox's row
 */
export async function processMailbox({ client, sources, signal, onPage, content, onBytes }: MailboxWork, { runId, ordinal }: ProcessMailboxInput): Promise<ProcessMailboxResult> {
  const { mailboxes: [claim] } = await client.claim(runId, { offset: ordinal, length: 1 }, signal);
  // Done by an earlier attempt whose answer was lost, or another task's.
  if (claim === undefined) return { outcome: 'finished' };
  const { lease } = claim;
  let pages = 0;
  const counted = () => {
    pages += 1;
    onPage();
  };
  try {
    const { outcome } = await sources.use(claim.connection, signal, async (source) => {
      const mailbox = source.mailbox(claim);
      const { capabilities } = source;
      const result = await replicateMailbox({ mailbox, capabilities, client, claim, signal, onPage: counted });
      if (isContentNext(claim, capabilities, result)) await replicateContent({ mailbox, client, claimed: claim, transfer: content, signal, onReport: counted, onBytes });
      return result;
    });
    await client.putResults(runId, [{ ordinal, lease, outcome: outcome === 'quiet' ? { state: 'quiet', verified: !claim.trustHints } : { state: 'finished' } }], signal);
    return { outcome: 'finished' };
  } catch (error) {
    signal.throwIfAborted();
    const failure = withClass(error);
    if (isLeaseLost(error)) return { outcome: 'lease-lost' };
    const progressed = pages > 0;
    const attempts = failure.code === 'ews.no-answer' ? SILENT_ATTEMPTS : FRUITLESS_ATTEMPTS;
    const failed = isPermanent(failure.class) || (!progressed && claim.fruitless + 1 >= attempts);
    const outcome: MailboxResult['outcome'] = failed
      ? { state: 'failed', error: failure.report() }
      : { state: 'waiting', progressed, error: failure.report() };
    if (!(await reported(client, runId, [{ ordinal, lease, outcome }], signal))) return { outcome: 'lease-lost' };
    if (failed) return { outcome: 'failed' };
    throw failure;
  }
}

/** False: other attempts have them all, and say how they end. */
export async function reported(client: Pick<MailboxClient, 'putResults'>, run: RunId, results: readonly MailboxResult[], signal: AbortSignal): Promise<boolean> {
  try {
    await client.putResults(run, results, signal);
    return true;
  } catch (error) {
    if (isLeaseLost(error)) return false;
    throw error;
  }
}

/** As the platform answers it, or as the archive throws it. */
export const isLeaseLost = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'mailbox.lease-lost';
