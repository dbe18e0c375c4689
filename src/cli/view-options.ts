import type { ViewQuery } from './api-client.ts';
import { flag, UsageError } from './command.ts';
import { momentOf, momentOptions } from './moment.ts';

/** How a mailbox is looked at. */
export const viewOptions = { full: flag('everything that was ever there, with what is gone'), ...momentOptions };

/** @throws UsageError for both at once */
export function viewOf({ full, at }: { readonly full: boolean; readonly at: string | undefined }): ViewQuery {
  if (full && at !== undefined) throw new UsageError('--full shows all moments at once: leave --at out.');
  return { ...(full ? { full } : {}), at: momentOf(at) };
}
