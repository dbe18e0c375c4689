/**
 * Sets of changes that a run held back: all that was pending of one kind. A set is open until an administrator decides on it
 * (held-decisions.ts) or the next complete reading replaces it, because that decides anew on all that is pending then.
 */
import { type RawBuilder, sql } from 'kysely';
import type { RemovalKind } from '../shared/directory.ts';
import type { HeldKind } from '../shared/held.ts';
import type { IntegrationId, RunId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';

interface NewSet {
  readonly run: RunId;
  readonly integration: IntegrationId;
  /** A sentence. */
  readonly reason: string;
}

/** Holds the objects of the integration (`directory_object o`) of which `which` is true. In place of what an earlier attempt of the run held. */
export async function holdSet(tx: OrganisationTransaction, { run, integration, kind, reason }: NewSet & { readonly kind: RemovalKind }, which: RawBuilder<boolean>): Promise<void> {
  await tx.deleteFrom('held_change').where('run_id', '=', run).where('kind', '=', kind).execute();
  await tx.deleteFrom('held_set').where('run_id', '=', run).where('kind', '=', kind).execute();
  await sql`
    with held as (
      insert into held_change (run_id, kind, object_id, org_id)
      select ${run}, ${kind}, o.id, current_setting('lockstep.org')::uuid
      from directory_object o where o.integration_id = ${integration} and ${which}
      returning 1
    )
    insert into held_set (run_id, kind, org_id, integration_id, objects, reason)
    select ${run}, ${kind}, current_setting('lockstep.org')::uuid, ${integration}, (select count(*) from held), ${reason}`.execute(tx);
}

/** Holds a reading that is doubtful as a whole, in place of the one before. Harmless when it is held already. */
export async function holdReading(tx: OrganisationTransaction, { run, integration, reason }: NewSet): Promise<void> {
  await tx
    .updateTable('held_set')
    .set({ state: 'replaced', resolved_at: sql<Date>`now()` })
    .where('integration_id', '=', integration)
    .where('kind', '=', 'reading')
    .where('state', '=', 'open')
    .where('run_id', '<>', run)
    .execute();
  await sql`
    insert into held_set (run_id, kind, org_id, integration_id, objects, reason)
    values (${run}, 'reading', current_setting('lockstep.org')::uuid, ${integration}, 0, ${reason})
    on conflict (run_id, kind) do nothing`.execute(tx);
}

/** Ends what is open of this integration: a complete reading decides anew. */
export async function replaceSets(tx: OrganisationTransaction, integration: IntegrationId): Promise<void> {
  const replaced = await tx
    .updateTable('held_set')
    .set({ state: 'replaced', resolved_at: sql<Date>`now()` })
    .where('integration_id', '=', integration)
    .where('state', '=', 'open')
    .returning(['run_id', 'kind'])
    .execute();
  for (const { run_id: run, kind } of replaced) {
    if (kind !== 'reading') await tx.deleteFrom('held_change').where('run_id', '=', run).where('kind', '=', kind).execute();
  }
}

export async function isHeld(tx: OrganisationTransaction, integration: IntegrationId, kind: HeldKind): Promise<boolean> {
  const open = await tx
    .selectFrom('held_set')
    .select('run_id')
    .where('integration_id', '=', integration)
    .where('kind', '=', kind)
    .where('state', '=', 'open')
    .executeTakeFirst();
  return open !== undefined;
}

/** Whether the run held anything, whatever became of it. */
export async function hasHeld(tx: OrganisationTransaction, run: RunId): Promise<boolean> {
  return (await tx.selectFrom('held_set').select('run_id').where('run_id', '=', run).limit(1).executeTakeFirst()) !== undefined;
}
