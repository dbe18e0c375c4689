import { sql } from 'kysely';
import type { OrganisationTransaction } from '../../archive/database.ts';
import type { OrganisationId, SiteId } from '../../shared/ids.ts';

/** Notes that a node asked for a token, and the versions it runs. */
export async function noteSiteNode(
  tx: OrganisationTransaction,
  site: { readonly id: SiteId; readonly organisationId: OrganisationId },
  seen: { readonly node: string; readonly version: string; readonly contract: string },
): Promise<void> {
  const now = sql<Date>`now()`;
  await tx
    .updateTable('site')
    .set({ version: seen.version, contract: seen.contract, last_seen_at: now })
    .where('id', '=', site.id)
    .execute();
  await tx
    .insertInto('site_node')
    .values({ site_id: site.id, org_id: site.organisationId, node: seen.node, version: seen.version })
    .onConflict((conflict) => conflict.columns(['site_id', 'node']).doUpdateSet({ version: seen.version, last_seen_at: now }))
    .execute();
}
