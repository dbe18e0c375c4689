import type { IntegrationId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';

/**
 * True when the newest ended run was refused for its credential and the credential has not changed since: a scheduled try with
 * the same password could lock the account (AD counts bad passwords, badPwdCount).
 */
export async function credentialRefusedSince(tx: OrganisationTransaction, integration: IntegrationId): Promise<boolean> {
  const last = await tx
    .selectFrom('run')
    .innerJoin('directory_integration as integration', 'integration.id', 'run.integration_id')
    .select(['run.state', 'run.error', 'run.finished_at', 'integration.credential_changed_at'])
    .where('run.integration_id', '=', integration)
    .where('run.finished_at', 'is not', null)
    .orderBy('run.number', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (last?.state !== 'failed' || last.error?.class !== 'AuthRejected') return false;
  return last.credential_changed_at === null || last.finished_at === null || last.credential_changed_at <= last.finished_at;
}
