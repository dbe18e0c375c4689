import { BerWriter, Control } from 'ldapts';
import type { BerCursor } from './ber-cursor.ts';
import { tags } from './ber-cursor.ts';

/**
 * LDAP_SERVER_DIRSYNC_OID (MS-ADTS §3.1.1.3.4.1.3): a search of a whole naming context that answers what changed since a
 * cookie was given.
 */
export const DIRSYNC = '1.2.840.113556.1.4.841';

/**
 * LDAP_DIRSYNC_OBJECT_SECURITY (0x1): no replication right is needed, and what the account may not read is not told.
 * LDAP_DIRSYNC_INCREMENTAL_VALUES (0x80000000, so the integer is negative): values of links that came and went, instead of whole lists.
 * LDAP_DIRSYNC_ANCESTORS_FIRST_ORDER (0x800) is not asked for: the platform takes objects in any order.
 */
const FLAGS = 0x1 | -0x80000000;

/** Of attribute data in one answer. Windows takes up to 10 MiB and keeps to it; Samba ignores it. */
const MAX_BYTES = 1024 * 1024;

export class DirSyncControl extends Control {
  readonly #cookie: Buffer;
  /** @param cookie empty: from the beginning of the directory */
  constructor(cookie: Buffer) {
    super(DIRSYNC, { critical: true });
    this.#cookie = cookie;
  }

  protected override writeControl(writer: BerWriter): void {
    const value = new BerWriter();
    value.startSequence();
    value.writeInt(FLAGS);
    value.writeInt(MAX_BYTES);
    value.writeBuffer(this.#cookie, tags.octetString);
    value.endSequence();
    writer.writeBuffer(value.buffer, tags.octetString);
  }
}

/** The answer's value: whether there is more now, and where to go on. The cursor stands at its SEQUENCE. */
export function readDirSyncAnswer(cursor: BerCursor): { readonly more: boolean; readonly cookie: Buffer } {
  cursor.enter(tags.sequence);
  const more = cursor.integer() !== 0;
  // maxBytes or an error code; neither says anything more.
  cursor.skip();
  return { more, cookie: cursor.bytes() };
}
