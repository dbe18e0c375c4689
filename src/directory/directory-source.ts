import type {
  DirectoryChangesPage, DirectoryDomain, DirectoryFindings, DirectoryObjectSearch, DirectoryObjectStep, DirectoryPage, DirectoryTestStep, DirectoryWatermark, ReconcileReason,
} from '../shared/directory.ts';

/** The port to a directory: the one thing a feature knows of it. */
export interface DirectorySource {
  /**
   * One full reading. Pages of a bounded size; the next one is read while the caller works on the last. Only a reading
   * that saw everything ends with a page marked `last` (it may be empty otherwise); any failure, and a directory that shows
   * nothing at all, throws a LockstepError before it. An abort throws the signal's reason.
   */
  read(signal: AbortSignal): AsyncIterable<SourcePage>;

  /** Goes through the named steps, each in order; those after a failed one are skipped. Throws only the signal's reason. */
  test(signal: AbortSignal): Promise<SourceTest>;

  /** Changes after a full reading. The signal ends the feed. Throws ConfigInvalid `directory.filter-invalid`. */
  changes(signal: AbortSignal): ChangeFeed;

  /** Looks for one object and reads it. Steps after a failed one are missing. Throws only the signal's reason. */
  object(query: DirectoryObjectSearch, signal: AbortSignal): Promise<SourceObject>;
}

/** What was seen beside the objects comes with the last page; it belongs to the run's report and not to the page. */
export type SourcePage = DirectoryPage & { readonly findings?: DirectoryFindings };

export interface SourceTest {
  readonly steps: readonly DirectoryTestStep[];
  /** Of the forest; empty when the test did not get there. */
  readonly domains: readonly DirectoryDomain[];
}

/**
 * Keeps its connection from poll to poll, always to the controller that the watermark belongs to, and opens another one, signed in
 * anew, after a failure.
 */
export interface ChangeFeed {
  /**
   * What changed since the watermark. A page is empty when nothing did; its watermark counts all the same. Throws LockstepError
   * (Unavailable, AuthRejected, ConfigInvalid), after which the feed may be polled again.
   */
  poll(from: DirectoryWatermark): AsyncIterable<ChangeStep>;
  close(): void;
}

export type ChangeStep =
  | { readonly outcome: 'page'; readonly page: DirectoryChangesPage }
  /** The watermark leads nowhere any more; always the last step. `detail` is a sentence for the administrator. */
  | { readonly outcome: 'needs-full'; readonly reason: ReconcileReason; readonly detail: string };

export interface SourceObject {
  readonly steps: readonly DirectoryObjectStep[];
  /** The object and all its members, or that it was deleted; the last page marked. Empty when it was not found. */
  readonly pages: readonly DirectoryPage[];
}
