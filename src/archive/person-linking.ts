/**
 * Who the objects of an organisation's directories are. Every object that is listed is a person of its own; objects that say
 * to be one person (a linked mailbox and its account, an account and what it was in another domain) are linked to one of
 * these, and the others are merged into it. That one is linked with another follows from what both say now, so it is decided
 * anew for everybody connected with an object that changed, whichever came first; and it ends when they say so no more.
 */
import { sql } from 'kysely';
import type { DirectoryObjectId, IntegrationId } from '../shared/ids.ts';
import { lockOrganisation, type OrganisationTransaction } from './database.ts';
import type { DirectoryRow } from './directory-mapping.ts';
import { type ConnectedObject, groupPeople } from './person-groups.ts';
import { sqlFile } from './sql-file.ts';

const storeSidsSql = sqlFile<{ id: string }, [guids: readonly string[], claims: string, integration: string, written: readonly string[]]>('store-sids');
const ownPeopleSql = sqlFile<never, [ids: readonly string[]]>('own-people');
const linkedObjectsSql = sqlFile<ConnectedObject, [ids: readonly string[]]>('linked-objects');
const endLinksSql = sqlFile<never, [ids: readonly string[]]>('end-links');
const extraMailboxesSql = sqlFile<never, [ids: readonly string[], extra: string]>('extra-mailboxes');
const beginLinksSql = sqlFile<never, [links: string, people: string]>('begin-links');

/**
 * Pages of one organisation's directories are applied one after the other: of two that arrive together neither would see the
 * other's half of a person. To be taken before a page touches anything but its cursor and its run.
 */
export const lockPeople = (tx: OrganisationTransaction) => lockOrganisation(tx, 'people');

/** What the objects of a page say of SIDs. `written`: ids of those that were taken. Gives the ids of those that say another thing now. */
export async function storeSids(
  tx: OrganisationTransaction,
  integration: IntegrationId,
  rows: readonly DirectoryRow[],
  written: readonly string[],
): Promise<readonly string[]> {
  const users = rows.filter(({ kind }) => kind === 'user');
  if (users.length === 0 || written.length === 0) return [];
  const claims = users.flatMap(({ guid, sids }) => sids.map((claim) => ({ guid, ...claim })));
  const changed = await storeSidsSql(tx, users.map(({ guid }) => guid), JSON.stringify(claims), integration, written);
  return changed.map(({ id }) => id);
}

/** Objects decided on at once: a container of any size may enter the scope or leave it. */
const OBJECTS_AT_ONCE = 1000;

/**
 * Decides who these objects (ids) are, and all that are connected with them. To be called of every object whose listed, in_source,
 * or missing_since changed, or what else PersonPart asks. Gives the ids of those that changed person.
 */
export async function linkPeople(tx: OrganisationTransaction, objects: readonly string[]): Promise<readonly DirectoryObjectId[]> {
  const asked = [...new Set(objects)];
  const changed: DirectoryObjectId[] = [];
  // All first, for an object may be connected with one that comes later.
  for (let from = 0; from < asked.length; from += OBJECTS_AT_ONCE) await ownPeopleSql(tx, asked.slice(from, from + OBJECTS_AT_ONCE));
  for (let from = 0; from < asked.length; from += OBJECTS_AT_ONCE) {
    changed.push(...(await linkConnected(tx, asked.slice(from, from + OBJECTS_AT_ONCE))));
  }
  return changed;
}

async function linkConnected(tx: OrganisationTransaction, objects: readonly string[]): Promise<DirectoryObjectId[]> {
  const connected = await linkedObjectsSql(tx, objects);
  if (connected.length === 0) return [];
  const { links, people, extraMailboxes } = groupPeople(connected);
  const before = new Map(connected.map((object) => [object.id, object]));
  const changed = links.filter(({ object, person, rule }) => {
    const was = before.get(object);
    return was?.person_id !== person || (person !== null && was.rule !== rule);
  });
  if (changed.length > 0) await endLinksSql(tx, changed.map(({ object }) => object));
  await beginLinksSql(tx, JSON.stringify(changed.filter(({ person }) => person !== null)), JSON.stringify(people));
  await extraMailboxesSql(tx, connected.map(({ id }) => id), JSON.stringify(extraMailboxes));
  return changed.map(({ object }) => object);
}

/**
 * People of several objects, of which one in this directory is gone, or became missing in this transaction: another one may name them
 * now, or give their mail attributes. To be called when objects were removed.
 */
export async function relinkGone(tx: OrganisationTransaction, integration: IntegrationId): Promise<readonly DirectoryObjectId[]> {
  const { rows } = await sql<{ id: string }>`
    select o.id
    from (
      select o.id from directory_object o where o.integration_id = ${integration} and not o.in_source
      union
      -- In the words of the index directory_object_counts.
      select o.id from directory_object o
      where o.integration_id = ${integration} and o.kind in ('user', 'contact', 'public-folder')
        and o.listed and o.missing_since = now()) o
    cross join lateral (select * from person_link l where l.object_id = o.id and l.until is null limit 1) l
    where exists (
      select from person_link other where other.person_id = l.person_id and other.until is null and other.object_id <> o.id)`.execute(tx);
  return linkPeople(tx, rows.map(({ id }) => id));
}
