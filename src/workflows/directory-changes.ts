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
import type { DirectoryChangesInput } from '../shared/directory-run.ts';
import type { SiteActivities } from '../shared/site-contract.ts';
import { platformStep, siteWatch } from './retry-policies.ts';

const platform = proxyActivities<WatchActivities>(platformStep);

/** Sent by the engine when settings, credential or state of the directory changed. */
export const directoryChanged = defineSignal('directoryChanged');

/**
 * Watches one directory for changes, for as long as there is one. All polling is inside one long site activity, so a quiet
 * day costs two activities and a handful of events; each ends in continue-as-new. What no retry cures (a refused password,
 * a wrong base) parks it here until somebody changes something: trying again by itself could lock the account. Started,
 * woken and cancelled by the engine (client/temporal-engine.ts), by `watchWorkflowId`.
 */
export async function directoryChanges(input: DirectoryChangesInput): Promise<void> {
  let changed = false;
  const watching = new CancellationScope();
  setHandler(directoryChanged, () => {
    changed = true;
    watching.cancel();
  });

  const place = await platform.locateWatch(input);
  if (place.outcome === 'idle') return;
  setCurrentDetails(`Site **${place.site}** watches **${place.integration}**.`);
  const site = proxyActivities<SiteActivities>({
    ...siteWatch,
    taskQueue: place.siteQueue,
    summary: `watch ${place.integration} at ${place.site}`,
  });
  try {
    await watching.run(() => site.watchDirectory({ integrationId: input.integrationId }));
  } catch (error) {
    if (isCancellation(error)) {
      // Ours: begin again with what is set now. From outside: the directory is watched no longer.
      if (!changed) throw error;
    } else {
      const code = parkingCode(error);
      setCurrentDetails(`Stopped: ${code}. It goes on when the directory's settings or password change.`);
      await condition(() => changed);
    }
  }
  await continueAsNew<typeof directoryChanges>(input);
}

/** The code of a failure that waits for a person; anything else is a fault of this code and fails the workflow task. */
function parkingCode(error: unknown): string {
  if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure) {
    const { type, message } = error.cause;
    if ((permanentErrorClasses as readonly string[]).includes(type ?? '')) return message;
  }
  throw error;
}
