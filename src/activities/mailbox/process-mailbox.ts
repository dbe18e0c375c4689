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

/**
 * Replicates one mailbox to the end, however long it takes. What no retry can cure is the mailbox's result.
 * @throws LockstepError of a class that is worth another attempt
 */
export async function processMailbox({ client, sources, signal, onPage }: MailboxWork, { runId, ordinal }: ProcessMailboxInput): Promise<ProcessMailboxResult> {
  const { mailboxes: [claim] } = await client.claim(runId, { offset: ordinal, length: 1 }, signal);
  // Done by an earlier attempt whose answer was lost, or another task's.
  if (claim === undefined) return { outcome: 'finished' };
  const { lease } = claim;
  try {
    const { outcome } = await sources.use(claim.connection, signal, (source) =>
      replicateMailbox({ mailbox: source.mailbox(claim), capabilities: source.capabilities, client, claim, signal, onPage }),
    );
    await client.putResults(runId, [{ ordinal, lease, outcome: outcome === 'quiet' ? { state: 'quiet', verified: !claim.trustHints } : { state: 'finished' } }], signal);
    return { outcome: 'finished' };
  } catch (error) {
    signal.throwIfAborted();
    const failure = withClass(error);
    if (failure.code === 'mailbox.lease-lost') return { outcome: 'lease-lost' };
    if (!isPermanent(failure.class)) throw failure;
    await client.putResults(runId, [{ ordinal, lease, outcome: { state: 'failed', error: failure.report() } }], signal);
    return { outcome: 'failed' };
  }
}
