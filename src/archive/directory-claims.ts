import { lockOrganisation, type OrganisationTransaction } from './database.ts';
import type { DirectoryContext } from './directory-attempt.ts';
import { sqlFile } from './sql-file.ts';

const recordClaimsSql = sqlFile<never, [run: string | null, epoch: number, addresses: readonly string[] | null]>('record-claims');

/** Settles who holds the addresses that several objects of the organisation claim: `addresses`, or all when absent. */
export async function recordClaims(
  tx: OrganisationTransaction,
  { run, epoch }: Pick<DirectoryContext, 'run' | 'epoch'>,
  addresses?: readonly string[],
): Promise<void> {
  // Two directories of one organisation may end at the same moment: the second sees what the first left.
  await lockOrganisation(tx, 'address-claims');
  await recordClaimsSql(tx, run, epoch, addresses ?? null);
}
