import type { DirectoryPage, DirectoryTestStep } from '../shared/directory.ts';

/** What a source can do beyond a full reading; features ask before they offer it. */
export interface DirectoryCapabilities {
  /** How changes since a reading can be told, best first; empty: only by reading everything again. */
  readonly changeTracking: readonly ('dirsync' | 'usn')[];
}

/** The port to a directory: the one thing a feature knows of it. */
export interface DirectorySource {
  readonly capabilities: DirectoryCapabilities;

  /**
   * One full reading. Pages of a bounded size; the next one is read while the caller works on the last. Only a reading
   * that saw everything ends with a page marked `last` (it may be empty otherwise); any failure, and a directory that shows
   * nothing at all, throws a LockstepError before it. An abort throws the signal's reason.
   */
  read(signal: AbortSignal): AsyncIterable<DirectoryPage>;

  /** Goes through the named steps, each in order; those after a failed one are skipped. Throws only the signal's reason. */
  test(signal: AbortSignal): Promise<readonly DirectoryTestStep[]>;
}
