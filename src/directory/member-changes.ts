import type { DirectoryChangeEntry, DirectoryMemberChange } from '../shared/directory.ts';
import type { PageBuilder, PageParts } from './page-builder.ts';
import { PART_CHARACTERS } from './whole-entry.ts';

/** Adds what came to and went from a group, in parts of a bounded size, yielding pages that get full on the way. */
export function* addMemberChanges(
  page: PageBuilder,
  group: Pick<DirectoryChangeEntry, 'guid' | 'dn' | 'usn'>,
  removed: readonly DirectoryMemberChange[],
  added: readonly DirectoryMemberChange[],
): Generator<PageParts, void, void> {
  for (const [kind, members] of [['memberRemoved', removed], ['memberAdded', added]] as const) {
    for (let from = 0; from < members.length; ) {
      let to = from;
      for (let characters = 0; to < members.length && characters < PART_CHARACTERS; to++) characters += members[to]?.dn.length ?? 0;
      page.addChange({ ...group, deleted: false, attributes: {}, memberAdded: [], memberRemoved: [], [kind]: members.slice(from, to) });
      if (page.full) yield page.take();
      from = to;
    }
  }
}

/** That an object is gone. */
export const deletion = (object: Pick<DirectoryChangeEntry, 'guid' | 'dn' | 'usn'>): DirectoryChangeEntry => ({
  ...object, deleted: true, attributes: {}, memberAdded: [], memberRemoved: [],
});
