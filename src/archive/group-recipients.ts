/** Recipients that match the filter of dynamic groups, found by walking through the objects of the directories, a portion a page. */
import { sql } from 'kysely';
import type { DirectoryEntry, DirectoryObjectKind } from '../shared/directory.ts';
import type { DirectoryObjectId, IntegrationId, PersonId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { isGroup } from './directory-list.ts';
import type { DynamicMembership } from './dynamic-groups.ts';

export interface Recipient {
  readonly id: DirectoryObjectId;
  readonly dn: string;
  readonly is_group: boolean;
  readonly person_id: PersonId | null;
  readonly display_name: string;
  readonly primary_address: string | null;
}

/** The object that was looked at last. */
export interface RecipientPosition {
  readonly integration: string;
  readonly guid: string;
}

const NOWHERE = '00000000-0000-0000-0000-000000000000';
const positionPattern = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** As text; without a position, where the walk begins. */
export const recipientPosition = ({ integration, guid }: RecipientPosition = { integration: NOWHERE, guid: NOWHERE }): string => `${integration}:${guid}`;
/** Undefined: it is none. */
export function recipientPositionOf(text: string): RecipientPosition | undefined {
  const [, integration, guid] = positionPattern.exec(text) ?? [];
  return integration === undefined || guid === undefined ? undefined : { integration, guid };
}

/** Objects looked at for one page, and of these at once. */
const OBJECTS_PER_PAGE = 5000;
const OBJECTS_AT_ONCE = 1000;

interface WalkedObject extends Recipient {
  readonly guid: string;
  readonly kind: DirectoryObjectKind;
  /** Null: it is no recipient. */
  readonly attributes: DirectoryEntry['attributes'] | null;
}

/** Those that any of the groups includes, after `position`; at most `limit`. */
export async function findRecipients(
  tx: OrganisationTransaction,
  groups: readonly DynamicMembership[],
  position: RecipientPosition,
  limit: number,
): Promise<{ found: Recipient[]; next: string | null }> {
  const wanted = groups.filter(({ base }) => base !== undefined);
  const found: Recipient[] = [];
  if (wanted.length === 0) return { found, next: null };
  const { rows: integrations } = await sql<{ id: IntegrationId }>`
    select id from directory_integration where id >= ${position.integration}::uuid order by id`.execute(tx);
  let looked = 0;
  for (const { id: integration } of integrations) {
    let after = integration === position.integration ? position.guid : NOWHERE;
    for (;;) {
      if (looked >= OBJECTS_PER_PAGE) return { found, next: recipientPosition({ integration, guid: after }) };
      const objects = await objectsAfter(tx, integration, after);
      looked += objects.length;
      const matching = await matches(tx, wanted, objects);
      for (const object of matching) {
        if (found.length === limit) return { found, next: recipientPosition({ integration, guid: after }) };
        found.push(object);
        after = object.guid;
      }
      if (objects.length < OBJECTS_AT_ONCE) break;
      after = objects.at(-1)?.guid ?? after;
    }
  }
  return { found, next: null };
}

/** Groups that a dynamic group includes. */
export async function matchingGroups(tx: OrganisationTransaction, group: DynamicMembership): Promise<DirectoryObjectId[]> {
  if (group.base === undefined) return [];
  const { rows } = await sql<WalkedObject>`
    select o.id, o.guid, o.dn, o.kind, o.attributes
    from directory_object o
    where ${isGroup} and o.missing_since is null
    order by o.sort_key, o.id`.execute(tx);
  return (await matches(tx, [group], rows)).map(({ id }) => id);
}

/** An object that is a person with others is a recipient only where it gives the mail attributes. */
async function objectsAfter(tx: OrganisationTransaction, integration: IntegrationId, guid: string): Promise<readonly WalkedObject[]> {
  const { rows } = await sql<WalkedObject>`
    with walked as materialized (
      select o.id from directory_object o
      where o.integration_id = ${integration} and o.guid > ${guid}::uuid
      order by o.guid limit ${OBJECTS_AT_ONCE}
    )
    select o.id, o.guid, o.dn, o.kind, o.kind in ('group', 'dynamic-group') as is_group, person.id as person_id, o.display_name,
      mail.address as primary_address,
      case when o.listed and o.missing_since is null and coalesce(person.mail_object, o.id) = o.id then o.attributes end as attributes
    from walked w
    cross join lateral (select * from directory_object o where o.id = w.id limit 1) o
    left join lateral (
      select p.* from person_link l join person p on p.id = l.person_id where l.object_id = o.id and l.until is null limit 1) person on true
    left join lateral (
      select a.address from directory_address a where a.object_id = o.id and a.is_primary limit 1) mail on true
    order by o.guid`.execute(tx);
  return rows;
}

async function matches(
  tx: OrganisationTransaction,
  groups: readonly DynamicMembership[],
  objects: readonly WalkedObject[],
): Promise<readonly WalkedObject[]> {
  const memberOf = groups.some(({ readsGroups }) => readsGroups) ? await groupNames(tx, objects.map(({ id }) => id)) : undefined;
  return objects.filter(({ attributes, ...object }) => {
    if (attributes === null) return false;
    const asked = memberOf === undefined ? attributes : { ...attributes, memberOf: memberOf.get(object.id) ?? [] };
    return groups.some((group) => group.includes({ ...object, attributes: asked }));
  });
}

/** By object, the names of the groups that it is a direct member of: readings do not give memberOf. */
async function groupNames(tx: OrganisationTransaction, objects: readonly DirectoryObjectId[]): Promise<ReadonlyMap<DirectoryObjectId, string[]>> {
  const { rows } = await sql<{ id: DirectoryObjectId; groups: string[] }>`
    select o.id, array(
      select g.dn
      from (select m.group_id from directory_member m where m.member_key = o.dn_key offset 0) m
      cross join lateral (select * from directory_object g where g.id = m.group_id limit 1) g
      where g.in_source) as groups
    from unnest(${objects}::bigint[]) as given (id)
    cross join lateral (select * from directory_object o where o.id = given.id limit 1) o`.execute(tx);
  return new Map(rows.map(({ id, groups }) => [id, groups]));
}
