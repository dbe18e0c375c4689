import type { DirectoryMemberChange } from '../shared/directory.ts';
import { type BerCursor, tags } from './ber-cursor.ts';
import { parseExtendedDn } from './extended-dn-control.ts';
import { guidText } from './object-guid.ts';

/** One object in an answer of DirSync: that it changed, and what came to or went from its members. */
export interface ChangeNotice {
  /** Null when it was not readable. */
  readonly guid: string | null;
  readonly dn: string;
  readonly deleted: boolean;
  /** It was deleted and is there again: what was said of it before may be wrong in any way. */
  readonly restored: boolean;
  readonly memberAdded: readonly DirectoryMemberChange[];
  readonly memberRemoved: readonly DirectoryMemberChange[];
  /** The server told a whole list of members (it knows no increments), or none although they changed. */
  readonly membersUnclear: boolean;
}

/**
 * Reads a SearchResultEntry of DirSync (RFC 4511 §4.5.2), at which the cursor stands. An attribute that was cleared has an empty
 * set; of a link, `member;range=1-1` holds what came and `member;range=0-0` what went (MS-ADTS §3.1.1.3.4.1.3).
 * Other attributes are stepped over: their values are read from the object itself.
 */
export function decodeChange(cursor: BerCursor): ChangeNotice {
  cursor.enter(0x64);
  const { dn, guid: nameGuid } = parseExtendedDn(cursor.text().replaceAll('\u0000', '\ufffd'));
  let guid: string | null = nameGuid ?? null;
  let deleted = false;
  let restored = false;
  let membersUnclear = false;
  const added: DirectoryMemberChange[] = [];
  const removed: DirectoryMemberChange[] = [];
  const end = cursor.enter(tags.sequence);
  while (cursor.offset < end) {
    const attributeEnd = cursor.enter(tags.sequence);
    const description = cursor.text().toLowerCase();
    const setEnd = cursor.enter(tags.set);
    switch (description) {
      case 'objectguid':
        if (cursor.offset < setEnd) guid = guidText(cursor.bytes());
        break;
      case 'isdeleted':
        deleted = cursor.offset < setEnd && cursor.text() === 'TRUE';
        restored = !deleted;
        break;
      case 'member;range=1-1':
        while (cursor.offset < setEnd) added.push(parseExtendedDn(cursor.text().replaceAll('\u0000', '\ufffd')));
        break;
      case 'member;range=0-0':
        while (cursor.offset < setEnd) removed.push(parseExtendedDn(cursor.text().replaceAll('\u0000', '\ufffd')));
        break;
      default:
        if (description === 'member' || description.startsWith('member;')) membersUnclear = true;
    }
    cursor.offset = attributeEnd;
  }
  return { guid, dn, deleted, restored, memberAdded: added, memberRemoved: removed, membersUnclear };
}
