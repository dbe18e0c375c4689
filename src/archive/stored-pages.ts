/** What is stored of a directory, as the pages of a reading that finds it unchanged: for plans that ask nobody. */
import type { DirectoryEntry, DirectoryMembers, DirectoryPage } from '../shared/directory.ts';
import type { DirectoryObjectId, IntegrationId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';

/** Objects, or members, taken into memory at once. */
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

async function* memberPages(tx: OrganisationTransaction, integration: IntegrationId): AsyncGenerator<DirectoryPage> {
  const groups = await tx
    .withSchema('public')
    .selectFrom('directory_object')
    .select(['id', 'guid'])
    .where('integration_id', '=', integration)
    .where('in_source', '=', true)
    .where('kind', 'in', ['group', 'dynamic-group'])
    .orderBy('id')
    .execute();
  let waiting: DirectoryMembers[] = [];
  let count = 0;
  for (const { id, guid } of groups) {
    const members = await tx.withSchema('public').selectFrom('directory_member').select('member_dn').where('group_id', '=', id).execute();
    waiting.push({ guid, dns: members.map(({ member_dn }) => member_dn), last: true });
    count += members.length;
    if (count < MEMBERS_A_PAGE) continue;
    yield page({ members: waiting });
    [waiting, count] = [[], 0];
  }
  if (waiting.length > 0) yield page({ members: waiting });
}

const page = ({ entries = [], members = [], last = false }: { entries?: readonly DirectoryEntry[]; members?: readonly DirectoryMembers[]; last?: boolean }): DirectoryPage => ({
  entries,
  members,
  problems: [],
  last,
});
