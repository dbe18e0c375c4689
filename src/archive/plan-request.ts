import { isDeepStrictEqual } from 'node:util';
import type { DirectorySettings } from '../shared/directory.ts';
import type { OrganisationTransaction } from './database.ts';
import type { IntegrationView } from './integrations.ts';
import { settingsIssues } from './integration-rules.ts';
import { ConflictError, InvalidInputError } from './record-errors.ts';
import { type RequestedRun, requestRun } from './runs.ts';
import { notStored } from './settings-change.ts';

export interface PlanRequest {
  /** All settings, which are not saved; absent: those of the directory. */
  readonly settings?: DirectorySettings | undefined;
  /** From what is stored, without asking the directory. */
  readonly fromStored?: boolean | undefined;
}

/**
 * Asks for a plan, or joins the open one if it is the same.
 * @throws InvalidInputError settings that make no sense, or by which what is stored cannot be judged
 * @throws ConflictError `plan.other-open`, `plan.nothing-stored`
 */
export async function requestPlan(
  tx: OrganisationTransaction,
  integration: IntegrationView,
  { settings, fromStored = false }: PlanRequest,
): Promise<RequestedRun> {
  const issues = settings === undefined ? [] : settingsIssues(settings);
  if (issues.length > 0) throw new InvalidInputError(issues);
  if (fromStored) await refuseUnstored(tx, integration, settings);
  const asked = await requestRun(tx, { integration: integration.id, kind: 'directory-plan', trigger: 'manual', settings, fromStored });
  const isSame = isDeepStrictEqual(asked.run.settings, settings ?? null) && asked.run.from_stored === fromStored;
  if (!isSame) throw otherOpen(asked.run.number);
  return asked;
}

async function refuseUnstored(tx: OrganisationTransaction, integration: IntegrationView, settings: DirectorySettings | undefined): Promise<void> {
  const asked = settings === undefined ? [] : notStored(integration.settings, settings);
  if (asked.length > 0) {
    const message = 'can only be planned by asking the directory: what is stored was read without it';
    throw new InvalidInputError(asked.map((name) => ({ path: `/settings/${name}`, message })));
  }
  const read = await tx
    .selectFrom('page_cursor')
    .select('completed_epoch')
    .where('owner', '=', integration.id)
    .where('scope', '=', 'directory-sync')
    .executeTakeFirst();
  if (read === undefined || Number(read.completed_epoch) === 0) throw nothingStored(integration.name);
}

const nothingStored = (name: string): ConflictError =>
  new ConflictError({
    code: 'plan.nothing-stored',
    message: `The directory "${name}" was never read to its end, so there is nothing to plan from.`,
    next: 'Plan by asking the directory: without fromStored (--stored).',
  });
const otherOpen = (number: string): ConflictError =>
  new ConflictError({
    code: 'plan.other-open',
    message: `A plan of this directory with other settings is open (run ${number}).`,
    next: 'Wait until it ends, or cancel it: POST /api/v1/runs/{id}/cancel.',
  });
