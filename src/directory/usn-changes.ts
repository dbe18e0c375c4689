import type { DirectoryWatermark } from '../shared/directory.ts';
import type { ChangeParts, ChangeSession } from './change-session.ts';
import { type DecodedEntry, EntryDecoder } from './entry-decoder.ts';
import { allOf, parseFilter } from './ldap-filter.ts';
import { deletion } from './member-changes.ts';
import { isDeleted } from './objects-by-guid.ts';
import { PAGE_ENTRIES, PageBuilder } from './page-builder.ts';
import { readRootDse } from './root-dse.ts';
import { isTrustAccount, takenClasses } from './taken-objects.ts';
import { addWholeEntry } from './whole-entry.ts';

type UsnWatermark = Extract<DirectoryWatermark, { method: 'usn' }>;

/**
 * After so many polls in which nothing was found the watermark moves on all the same: what is not taken (computers, above all)
 * changes too, and would be looked through again by every poll. Ten minutes at 30 s.
 */
const QUIET_POLLS = 20;

/**
 * What changed on one controller since a USN (Microsoft, "Polling for Changes Using USNChanged"). Whole objects and whole lists
 * of members; tombstones as far as the account may read them. Belongs to one connection.
 */
export class UsnChanges {
  #quiet = 0;

  /** One request when nothing changed, but for one poll in QUIET_POLLS. */
  async *read(session: ChangeSession, from: UsnWatermark): AsyncGenerator<ChangeParts, void, void> {
    const { connection, base, attributes } = session;
    const filter = allOf([parseFilter(`(uSNChanged>=${BigInt(from.usn) + 1n})`), takenClasses]);
    const search = { base, scope: 'sub', filter, showDeleted: true, operation: 'search' } as const;
    this.#quiet += 1;
    if (this.#quiet < QUIET_POLLS) {
      let found = false;
      // More than one, for the first page may be empty.
      await connection.search({ ...search, attributes: ['objectGUID'], page: { size: 2, cookie: Buffer.alloc(0) } }, () => {
        found = true;
      });
      if (!found) return;
    }
    // Before the search: what is committed meanwhile may be missed by it, and is found by the next.
    const { highestCommittedUsn: usn } = await readRootDse(connection);
    const decoder = new EntryDecoder([...attributes, 'isDeleted']);
    const page = new PageBuilder();
    let cookie: Buffer = Buffer.alloc(0);
    let more = true;
    while (more) {
      const found: DecodedEntry[] = [];
      const operation = cookie.length === 0 ? 'search' : 'next-page';
      ({ cookie, more } = await connection.search(
        { ...search, operation, attributes: ['objectGUID', 'uSNChanged', 'isDeleted', ...attributes, 'member'], page: { size: PAGE_ENTRIES, cookie } },
        (cursor) => void found.push(decoder.decode(cursor)),
      ));
      for (const object of found) {
        if (object.guid !== null && isDeleted(object)) {
          page.addChange(deletion({ guid: object.guid, dn: object.dn, ...(object.usn === undefined ? {} : { usn: object.usn }) }));
        } else if (!isTrustAccount(object.attributes)) {
          for await (const parts of addWholeEntry(connection, object, page)) yield { parts, watermark: from };
        }
        if (page.full) yield { parts: page.take(), watermark: from };
      }
    }
    this.#quiet = 0;
    yield { parts: page.take(), watermark: { ...from, usn } };
  }
}
