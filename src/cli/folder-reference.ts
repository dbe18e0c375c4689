/** Which folder people mean: by id, by the name that does not depend on the mailbox's language (inbox), or by its path (Inbox/Projects). */
import type { FolderTree } from '../api/schemas/mailboxes.ts';
import { notFound } from './api-problem.ts';
import { UsageError } from './command.ts';
import { didYouMean } from './near-matches.ts';

export type Folder = FolderTree['folders'][number];

/** Names of each folder from the top. A ring, which Exchange never has, ends where it closes. */
export function folderPaths(folders: readonly Folder[]): Map<Folder, readonly string[]> {
  const byId = new Map(folders.map((folder) => [folder.id, folder]));
  const pathOf = (folder: Folder, below: ReadonlySet<Folder>): readonly string[] => {
    const parent = folder.parent === null ? undefined : byId.get(folder.parent);
    return parent === undefined || below.has(parent) ? [folder.name] : [...pathOf(parent, new Set([...below, parent])), folder.name];
  };
  return new Map(folders.map((folder) => [folder, pathOf(folder, new Set([folder]))]));
}

export const pathText = (path: readonly string[]): string => path.join('/');

/**
 * Paths in any case. Of several that are called the same the one that is there.
 * @throws ApiProblem when there is none, UsageError when there are several
 */
export function folderReference(folders: readonly Folder[], given: string): Folder {
  const wanted = given.trim().replace(/^\/+|\/+$/g, '').toLowerCase();
  const exact = folders.find(({ id }) => id === wanted);
  if (exact !== undefined) return exact;
  const paths = folderPaths(folders);
  const ways: ((folder: Folder) => boolean)[] = [({ wellKnown }) => wellKnown === wanted, (folder) => pathText(paths.get(folder) ?? []).toLowerCase() === wanted];
  for (const isMeant of ways) {
    const meant = folders.filter(isMeant);
    const there = meant.filter(({ closedPass }) => closedPass === null);
    const called = there.length > 0 ? there : meant;
    const [only, second] = called;
    if (second !== undefined) {
      throw new UsageError(`More than one folder is called "${given}". Say which by its id: ${called.map(({ id }) => id).join(', ')}.`);
    }
    if (only !== undefined) return only;
  }
  const near = didYouMean(given, [...paths.values()].map(pathText));
  throw notFound(`The mailbox has no folder "${given}".`, `${near === undefined ? '' : `${near} `}All of them: lockstep mailbox tree MAILBOX.`);
}
