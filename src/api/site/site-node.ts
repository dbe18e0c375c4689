import { sql } from 'kysely';
import type { OrganisationTransaction } from '../../archive/database.ts';
import type { OrganisationId, SiteId } from '../../shared/ids.ts';

/** Nodes that a list shows. A site names its nodes itself: without a limit it could fill the table. */
const MAX_NODES = 50;

/** Notes that a node asked for a token, and the versions it runs. Forgets the nodes not seen for longest above fifty. */
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
  await tx
    .deleteFrom('site_node')
    .where('site_id', '=', site.id)
    .where('node', 'not in', (eb) =>
      eb.selectFrom('site_node').select('node').where('site_id', '=', site.id).orderBy('last_seen_at', 'desc').limit(MAX_NODES),
    )
    .execute();
}
