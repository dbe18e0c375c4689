/** What is stored of a directory, as the pages of a reading that finds it unchanged: for plans that ask nobody. */
import { sql } from 'kysely';
import type { DirectoryEntry, DirectoryMembers, DirectoryPage } from '../shared/directory.ts';
import type { DirectoryObjectId, IntegrationId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { fetched } from './fetched.ts';

/** Taken into memory at once. */
const OBJECTS_A_PAGE = 1000;
const MEMBERS_A_PAGE = 20_000;

/** Reads the tables themselves, whatever covers them (shadow-tables.ts). */
export async function* storedPages(tx: OrganisationTransaction, integration: IntegrationId): AsyncGenerator<DirectoryPage> {
  yield* objectPages(tx, integration);
  yield* memberPages(tx, integration);
  yield page({ last: true });
}

async function* objectPages(tx: OrganisationTransaction, integration: IntegrationId): AsyncGenerator<DirectoryPage> {
  for (let after = '0'; ; ) {
    const rows = await tx
      .withSchema('public')
      .selectFrom('directory_object')
      .select(['id', 'guid', 'dn', 'attributes'])
      .where('integration_id', '=', integration)
      .where('in_source', '=', true)
      .where('id', '>', after as DirectoryObjectId)
      .orderBy('id')
      .limit(OBJECTS_A_PAGE)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
    yield page({ entries: rows.map(({ guid, dn, attributes }) => ({ guid, dn, attributes })) });
  }
}

/** Groups with their lists, also those with nobody in them. A list of any length is given in parts, as a directory gives it. */
async function* memberPages(tx: OrganisationTransaction, integration: IntegrationId): AsyncGenerator<DirectoryPage> {
  await sql`
    declare stored_members no scroll cursor for
    select o.guid, m.member_dn
    from public.directory_object o
    left join public.directory_member m on m.group_id = o.id
    where o.integration_id = ${integration} and o.in_source and o.kind in ('group', 'dynamic-group')
    order by o.id, m.member_key`.execute(tx);
  let open: string | undefined;
  for await (const rows of fetched<StoredMember>(tx, 'stored_members', MEMBERS_A_PAGE)) {
    const lists = new Map<string, string[]>(open === undefined ? [] : [[open, []]]);
    for (const { guid, member_dn: dn } of rows) {
      const dns = lists.get(guid) ?? [];
      if (dn !== null) dns.push(dn);
      lists.set(guid, dns);
    }
    open = rows.at(-1)?.guid;
    yield page({ members: [...lists].map(([guid, dns]) => ({ guid, dns, last: guid !== open })) });
  }
  if (open !== undefined) yield page({ members: [{ guid: open, dns: [], last: true }] });
}

interface StoredMember {
  readonly guid: string;
  /** Null: nobody is in the group. */
  readonly member_dn: string | null;
}

const page = ({ entries = [], members = [], last = false }: { entries?: readonly DirectoryEntry[]; members?: readonly DirectoryMembers[]; last?: boolean }): DirectoryPage => ({
  entries,
  members,
  problems: [],
  last,
});
