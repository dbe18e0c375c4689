/**
 * Who leaves the organisation's directory: objects that are listed, and no longer in the source or in scope. What is true of
 * the source is written down page by page (in_source, in_scope); what follows from it happens here alone.
 */
import type { OrganisationTransaction } from './database.ts';
import type { DirectoryAttempt } from './directory-attempt.ts';
import { sqlFile } from './sql-file.ts';

const endMissingSql = sqlFile<{ missing: string }, [integration: string, epoch: number, firstEpoch: number]>('end-missing');
const removeLeavingSql = sqlFile<never, [ids: readonly string[]]>('remove-leaving');

/** At the end of a reading. Gives how many its run has found missing. */
export async function endMissing(
  tx: OrganisationTransaction,
  { integration, epoch, firstEpoch }: Pick<DirectoryAttempt, 'integration' | 'epoch' | 'firstEpoch'>,
): Promise<number> {
  const [ended] = await endMissingSql(tx, integration, epoch, firstEpoch);
  return Number(ended?.missing ?? 0);
}

/** Those of these objects (ids) that left by a page of changes. */
export async function removeLeaving(tx: OrganisationTransaction, left: readonly string[]): Promise<void> {
  if (left.length > 0) await removeLeavingSql(tx, left);
}
