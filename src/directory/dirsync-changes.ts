import type { DirectoryWatermark } from '../shared/directory.ts';
import { LockstepError } from '../shared/errors.ts';
import { type ChangeNotice, decodeChange } from './change-decoder.ts';
import type { ChangeParts, ChangeSession } from './change-session.ts';
import type { DecodedEntry } from './entry-decoder.ts';
import { addMemberChanges, deletion } from './member-changes.ts';
import { isDeleted, OBJECTS_AT_ONCE, readByGuid } from './objects-by-guid.ts';
import { PageBuilder, type PageParts } from './page-builder.ts';
import { isTrustAccount, takenClasses } from './taken-objects.ts';
import { addWholeEntry } from './whole-entry.ts';

type DirSyncWatermark = Extract<DirectoryWatermark, { method: 'dirsync' }>;

/**
 * What changed since the watermark, in as many rounds as the server needs; one request when nothing did. A round that fills
 * several pages moves the watermark with its last one.
 *
 * DirSync is asked which objects changed, which are gone, and which members came and went. The attributes are then read from the
 * objects themselves: DirSync gives only those that changed, which is too little of an object that was restored or has become
 * readable; it never gives `cn`, uSNChanged or constructed attributes, and of other links only increments. It costs one more
 * search for a hundred objects.
 *
 * With a list of attributes DirSync tells only of objects that changed in one of them, so all of them are named. The children
 * of an object that moved are not told: their names are derived on the platform.
 */
export async function* dirSyncChanges(session: ChangeSession, from: DirSyncWatermark): AsyncGenerator<ChangeParts, void, void> {
  const asked = ['objectGUID', 'isDeleted', ...session.attributes, 'member'];
  let here = from;
  for (let more = true; more; ) {
    const notices: ChangeNotice[] = [];
    const since = Buffer.from(here.cookie, 'base64');
    const answer = await session.connection.search(
      { base: session.base, scope: 'sub', filter: takenClasses, attributes: asked, changesSince: since, operation: 'changes' },
      (cursor) => void notices.push(decodeChange(cursor)),
    );
    ({ more } = answer);
    if (more && answer.cookie.equals(since)) throw stuck();
    let { usn } = here;
    const page = new PageBuilder();
    for await (const parts of addChanges(session, notices, page)) {
      usn = highestUsn(usn, parts);
      yield { parts, watermark: here };
    }
    const parts = page.take();
    usn = highestUsn(usn, parts);
    here = { ...here, cookie: answer.cookie.toString('base64'), ...(usn === undefined ? {} : { usn }) };
    yield { parts, watermark: here };
  }
}

/** Adds a round to the page, yielding pages that get full on the way. */
async function* addChanges(session: ChangeSession, notices: readonly ChangeNotice[], page: PageBuilder): AsyncGenerator<PageParts, void, void> {
  for (let from = 0; from < notices.length; from += OBJECTS_AT_ONCE) {
    const some = notices.slice(from, from + OBJECTS_AT_ONCE);
    const guids = some.flatMap(({ guid }) => guid ?? []);
    const objects = await readByGuid(session.connection, session.base, guids, session.attributes);
    for (const notice of some) {
      yield* addChange(session, notice, objects.get(notice.guid ?? ''), page);
      if (page.full) yield page.take();
    }
  }
}

async function* addChange(session: ChangeSession, notice: ChangeNotice, object: DecodedEntry | undefined, page: PageBuilder): AsyncGenerator<PageParts, void, void> {
  const { guid } = notice;
  if (guid === null) {
    page.addProblem({ guid, subject: notice.dn, code: 'directory.entry-without-guid', detail: 'The object came without a readable objectGUID and cannot be identified.' });
    return;
  }
  if (object === undefined) {
    // Gone or hidden since it was told; if it is gone, the next round says so.
    if (notice.deleted) page.addChange(deletion({ guid, dn: notice.dn }));
    return;
  }
  const usn = object.usn === undefined ? {} : { usn: object.usn };
  if (isDeleted(object)) {
    page.addChange(deletion({ guid, dn: object.dn, ...usn }));
    return;
  }
  if (isTrustAccount(object.attributes)) return;
  if (object.isGroup && (notice.membersUnclear || notice.restored || notice.deleted)) {
    const [whole] = (await readByGuid(session.connection, session.base, [guid], [...session.attributes, 'member'])).values();
    if (whole !== undefined && !isDeleted(whole)) yield* addWholeEntry(session.connection, whole, page);
    return;
  }
  yield* addWholeEntry(session.connection, object, page, false);
  yield* addMemberChanges(page, { guid, dn: object.dn, ...usn }, notice.memberRemoved, notice.memberAdded);
}

/** The highest USN of the objects read so far: the controller has committed at least this one. */
function highestUsn(known: string | undefined, { entries, changes }: PageParts): string | undefined {
  let highest = known;
  for (const { usn } of [...entries, ...changes]) {
    if (usn !== undefined && (highest === undefined || BigInt(usn) > BigInt(highest))) highest = usn;
  }
  return highest;
}

/** It would be asked for ever. */
const stuck = (): LockstepError =>
  new LockstepError({
    class: 'CursorInvalid',
    code: 'directory.changes-rejected',
    message: 'The server says that there are more changes, and does not move on.',
    next: 'Nothing: the directory is read in full again.',
  });
