/** The organisation's decision about items that their owners marked Personal or Private. */
import type { TokenId } from '../shared/ids.ts';
import { recordAudit } from './audit.ts';
import type { OrganisationTransaction } from './database.ts';
import { findOrganisationSettings, holdOrganisation, type OrganisationSettingsRow } from './organisations.ts';

/** Runs that begin from now on follow it. It is written down, unless it was so before. */
export async function decidePrivateItems(tx: OrganisationTransaction, by: TokenId, leaveOutPrivate: boolean): Promise<OrganisationSettingsRow> {
  await holdOrganisation(tx);
  const before = await findOrganisationSettings(tx);
  if (before.leave_out_private === leaveOutPrivate) return before;
  await tx.updateTable('organisation').set({ leave_out_private: leaveOutPrivate }).execute();
  await recordAudit(tx, {
    by, action: 'organisation.changed', subject: before.name,
    before: { leaveOutPrivate: before.leave_out_private }, after: { leaveOutPrivate },
  });
  return { ...before, leave_out_private: leaveOutPrivate };
}
