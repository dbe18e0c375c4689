import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  defineSignal,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { WatchActivities } from '../activities/platform/watch-activities.ts';
import { permanentErrorClasses } from '../shared/errors.ts';
import type { DirectoryChangesInput, WatchPlace } from '../shared/directory-run.ts';
import type { SiteActivities } from '../shared/site-contract.ts';
import { platformStep, siteWatch } from './retry-policies.ts';

const platform = proxyActivities<WatchActivities>(platformStep);

/** Sent by the engine when settings, credential or state of the directory changed. */
export const directoryChanged = defineSignal('directoryChanged');

/**
 * What waits for a person is looked at so often: an account that was unlocked is known by the next sync or test that signs in. Each
 * look is one short step on the platform, and no try at the directory.
 */
const PARKED_LOOK = '10 minutes';

/**
 * Watches one directory for changes, for as long as there is one. All polling is inside one long site activity, so a quiet
 * day costs two activities and a handful of events; each ends in continue-as-new. What no retry cures (a refused password,
 * a wrong base) parks it until somebody changes something or a run signs in: trying again by itself could lock the account. Started,
 * woken and cancelled by the engine (client/temporal-engine.ts), by `watchWorkflowId`.
 */
export async function directoryChanges(input: DirectoryChangesInput): Promise<void> {
  const { organisationId, integrationId } = input;
  let changed = false;
  let { parkedSince } = input;
  const watching = new CancellationScope();
  setHandler(directoryChanged, () => {
    changed = true;
    watching.cancel();
  });

  const place = await platform.locateWatch(input);
  switch (place.outcome) {
    case 'idle':
      return;
    case 'parked':
      setCurrentDetails(`Stopped since ${parkedSince ?? ''}. It goes on when the directory changes here, or a run signs in.`);
      break;
    case 'watch':
      parkedSince = await watch(place);
      break;
  }
  if (parkedSince !== undefined) await condition(() => changed, PARKED_LOOK);
  await continueAsNew<typeof directoryChanges>({ organisationId, integrationId, ...(parkedSince === undefined || changed ? {} : { parkedSince }) });

  /** Undefined: it goes on at once. Else since when it waits for a person. */
  async function watch({ siteQueue, site, integration }: Extract<WatchPlace, { outcome: 'watch' }>): Promise<string | undefined> {
    setCurrentDetails(`Site **${site}** watches **${integration}**.`);
    const { watchDirectory } = proxyActivities<SiteActivities>({ ...siteWatch, taskQueue: siteQueue, summary: `watch ${integration} at ${site}` });
    try {
      await watching.run(() => watchDirectory({ integrationId }));
      return undefined;
    } catch (error) {
      if (isCancellation(error)) {
        // Ours: begin again with what is set now. From outside: the directory is watched no longer.
        if (changed) return undefined;
        throw error;
      }
      setCurrentDetails(`Stopped: ${parkingCode(error)}. It goes on when the directory changes here, or a run signs in.`);
      return new Date().toISOString();
    }
  }
}

/** The code of a failure that waits for a person; anything else is a fault of this code and fails the workflow task. */
function parkingCode(error: unknown): string {
  if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure) {
    const { type, message } = error.cause;
    if ((permanentErrorClasses as readonly string[]).includes(type ?? '')) return message;
  }
  throw error;
}
