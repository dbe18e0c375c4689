import { openRunStates } from '../shared/runs.ts';
import type { OrganisationTransaction } from './database.ts';
import { holdIntegration, type IntegrationView } from './integrations.ts';
import { ConflictError } from './record-errors.ts';

/** @throws ConflictError `directory.has-objects`, `directory.run-open` */
export async function refuseRemoval(tx: OrganisationTransaction, integration: IntegrationView): Promise<void> {
  const object = await tx.selectFrom('directory_object').select('id').where('integration_id', '=', integration.id).limit(1).executeTakeFirst();
  if (object !== undefined) {
    throw new ConflictError({
      code: 'directory.has-objects',
      message: `The archive holds people and groups of the directory "${integration.name}".`,
      next: 'Pause it instead: POST /api/v1/directories/{name}/pause. What it read stays.',
    });
  }
  await refuseWhileRunning(tx, integration.name);
}

/** @throws ConflictError `directory.run-open` */
export async function refuseWhileRunning(tx: OrganisationTransaction, name: string): Promise<void> {
  const run = await tx
    .selectFrom('run')
    .innerJoin('directory_integration as integration', 'integration.id', 'run.integration_id')
    .select('run.id')
    .where('integration.name', '=', name)
    .where('run.state', 'in', [...openRunStates])
    .limit(1)
    .executeTakeFirst();
  if (run === undefined) return;
  throw new ConflictError({
    code: 'directory.run-open',
    message: `A run of the directory "${name}" is open.`,
    next: 'Wait until it ends, or cancel it: POST /api/v1/runs/{id}/cancel.',
  });
}

/**
 * Removes an integration that has read nothing, with its runs, plans and problems.
 * @throws ConflictError as refuseRemoval, when something came in between
 */
export async function removeIntegration(tx: OrganisationTransaction, integration: IntegrationView): Promise<void> {
  // A run or a page that begins meanwhile holds a key-share lock on the row, or waits for this one and finds no row.
  await holdIntegration(tx, integration.name);
  await refuseRemoval(tx, integration);
  const runs = tx.selectFrom('run').select('id').where('integration_id', '=', integration.id);
  await tx.deleteFrom('directory_plan_entry').where('run_id', 'in', runs).execute();
  await tx.deleteFrom('directory_problem').where('integration_id', '=', integration.id).execute();
  await tx.deleteFrom('page_cursor').where((eb) => eb.or([eb('owner', '=', integration.id), eb('owner', 'in', runs.$castTo<{ id: string }>())])).execute();
  await tx.deleteFrom('run').where('integration_id', '=', integration.id).execute();
  await tx.deleteFrom('directory_integration').where('id', '=', integration.id).execute();
}
