import type { DirectoryDomain, DirectoryPage } from '../shared/directory.ts';
import { LockstepError } from '../shared/errors.ts';
import { MalformedMessageError } from './ber-cursor.ts';
import type { ChangeStart } from './change-tracking.ts';
import type { SourcePage } from './directory-source.ts';
import { type DecodedEntry, EntryDecoder } from './entry-decoder.ts';
import type { LdapConnection } from './ldap-connection.ts';
import { MAX_PAGE_BYTES, PAGE_ENTRIES, PageBuilder, type PageParts } from './page-builder.ts';
import { isTrustAccount, takenClasses } from './taken-objects.ts';
import { addWholeEntry } from './whole-entry.ts';

/** Below this a page costs more in round trips than it saves in memory. */
const LEAST_PAGE_ENTRIES = 20;
/** A server that puts more than this on one page does not page at all: AD's hard limit for MaxPageSize is 20,000. */
const MOST_PAGE_ENTRIES = 20_000;

export interface Reading {
  readonly connection: LdapConnection;
  /** The naming context, whole. */
  readonly base: string;
  readonly attributes: readonly string[];
  readonly invocationId: string | null;
  /** Taken before the reading. */
  readonly start: ChangeStart;
  readonly domains: readonly DirectoryDomain[];
}

/**
 * Reads a naming context, and marks the last page only when everything was seen. Whether there is more is decided by the
 * server's cookie alone: an empty page with a cookie goes on (RFC 2696 §3; seen behind LDAP proxies). The cookies die with
 * the connection, so a reading that breaks begins again from the start.
 */
export async function* readAll(reading: Reading): AsyncGenerator<SourcePage, void, void> {
  const { connection, base, attributes, invocationId, start, domains } = reading;
  const decoder = new EntryDecoder(attributes);
  const asked = ['objectGUID', 'uSNChanged', ...attributes, 'member'];
  const builder = new PageBuilder();
  const references = new Set<string>();
  let identified = 0;
  let unidentified = 0;
  let size = PAGE_ENTRIES;
  let cookie: Buffer = Buffer.alloc(0);
  let more = true;
  const page = ({ entries, members, problems }: PageParts): DirectoryPage => ({
    entries,
    members,
    problems,
    last: false,
    ...(invocationId === null ? {} : { invocationId }),
  });
  while (more) {
    const decoded: DecodedEntry[] = [];
    let bytes = 0;
    const operation = cookie.length === 0 ? 'search' : 'next-page';
    const answer = await connection.search(
      { base, scope: 'sub', filter: takenClasses, attributes: asked, page: { size, cookie }, operation },
      (cursor) => {
        const entry = decoder.decode(cursor);
        bytes += entry.bytesWithMembers;
        if (decoded.push(entry) > MOST_PAGE_ENTRIES) throw new MalformedMessageError('the server does not page');
      },
    );
    ({ cookie, more } = answer);
    for (const url of answer.references) references.add(url);
    // Large values (photos) would make the next page as large again: fewer entries then. RFC 2696 §2 lets the size change.
    if (decoded.length > 0)
      size = Math.min(
        PAGE_ENTRIES,
        Math.max(LEAST_PAGE_ENTRIES, Math.floor((decoded.length * MAX_PAGE_BYTES) / bytes)),
      );
    for (const found of decoded) {
      if (isTrustAccount(found.attributes)) continue;
      if (found.guid === null) unidentified++;
      else identified++;
      for await (const parts of addWholeEntry(connection, found, builder)) yield page(parts);
      if (builder.full) yield page(builder.take());
    }
  }
  if (identified === 0) throw nothingFound(connection, unidentified);
  const { tracking, watermark } = start;
  yield {
    ...page(builder.take()),
    last: true,
    tracking,
    ...(watermark === undefined ? {} : { watermark }),
    findings: { domains, references: [...references] },
  };
}

/** Never a complete reading: it would end everything that is known. */
function nothingFound(connection: LdapConnection, unidentified: number): LockstepError {
  const seen =
    unidentified === 0
      ? 'The directory showed no object at all'
      : `The directory showed ${unidentified} objects and the objectGUID of none`;
  return new LockstepError({
    class: 'ConfigInvalid',
    code: 'directory.nothing-found',
    message: `${seen} (${connection.endpoint.host}). Nothing was changed.`,
    next: 'Check what the account may read.',
  });
}
