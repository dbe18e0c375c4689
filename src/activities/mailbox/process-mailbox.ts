import type { MailboxClient } from '../../client/mailbox-client.ts';
import { type ErrorClass, permanentErrorClasses } from '../../shared/errors.ts';
import type { ProcessMailboxInput, ProcessMailboxResult } from '../../shared/mailbox-contract.ts';
import { withClass } from '../directory/site-failure.ts';
import type { ConnectionSources } from './connection-sources.ts';
import { replicateMailbox } from './replicate-mailbox.ts';

export interface MailboxWork {
  readonly client: MailboxClient;
  readonly sources: Pick<ConnectionSources, 'use'>;
  readonly signal: AbortSignal;
  /** A page was committed: the work gets somewhere. */
  readonly onPage: () => void;
}

export const isPermanent = (errorClass: ErrorClass): boolean => (permanentErrorClasses as readonly ErrorClass[]).includes(errorClass);

/** Attempts in a row that bring nothing, with back-off between them some twenty minutes. The next run tries again. */
const FRUITLESS_ATTEMPTS = 10;

/**
 * Replicates one mailbox to the end, however long it takes. What no retry can cure is the mailbox's result, and so is a failure that stays
 * though nothing more is read.
 * @throws LockstepError of a class that is worth another attempt; the reason is in the mailbox's row
 */
export async function processMailbox({ client, sources, signal, onPage }: MailboxWork, { runId, ordinal }: ProcessMailboxInput): Promise<ProcessMailboxResult> {
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
    const { outcome } = await sources.use(claim.connection, signal, (source) =>
      replicateMailbox({ mailbox: source.mailbox(claim), capabilities: source.capabilities, client, claim, signal, onPage: counted }),
    );
    await client.putResults(runId, [{ ordinal, lease, outcome: outcome === 'quiet' ? { state: 'quiet', verified: !claim.trustHints } : { state: 'finished' } }], signal);
    return { outcome: 'finished' };
  } catch (error) {
    signal.throwIfAborted();
    const failure = withClass(error);
    if (failure.code === 'mailbox.lease-lost') return { outcome: 'lease-lost' };
    const progressed = pages > 0;
    if (isPermanent(failure.class) || (!progressed && claim.fruitless + 1 >= FRUITLESS_ATTEMPTS)) {
      await client.putResults(runId, [{ ordinal, lease, outcome: { state: 'failed', error: failure.report() } }], signal);
      return { outcome: 'failed' };
    }
    await client.putResults(runId, [{ ordinal, lease, outcome: { state: 'waiting', progressed, error: failure.report() } }], signal);
    throw failure;
  }
}
