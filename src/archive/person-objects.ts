/** The objects that people are, as far as it takes to show them in a list: src/archive/person-parts.ts says what each of them gives. */
import { sql } from 'kysely';
import type { DirectoryObjectId, PersonId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { accountOf, type AcknowledgedPart, mailOf, type PersonState, stateOf } from './person-parts.ts';

export interface PersonObject extends AcknowledgedPart {
  readonly id: DirectoryObjectId;
  readonly display_name: string;
  readonly primary_address: string | null;
}

export interface PersonSummary {
  id: string;
  displayName: string;
  primaryAddress: string | null;
  kind: string;
  recipientType: string;
  state: PersonState;
}

/** What PersonObject needs of `o`: one row of each, found by its key. */
export const partColumns = sql`
  o.id, o.guid, o.integration_id, o.kind, o.recipient_type, o.account_disabled, o.disabled, o.listed, o.in_source, o.missing_since,
  o.source_created, o.display_name, coalesce((i.settings ->> 'acknowledgeDisabled')::boolean, true) as acknowledge_disabled,
  coalesce(i.settings #>> '{removal,people}' = 'disable', false) as disables_missing,
  coalesce((select true from directory_sid s where s.object_id = o.id and s.role = 'master' limit 1), false) as is_resource, mail.address as primary_address`;
export const partJoins = sql`
  join directory_integration i on i.id = o.integration_id
  left join lateral (
    select a.address from directory_address a where a.object_id = o.id and a.is_primary limit 1) mail on true`;

export function summaryOf(person: PersonId, objects: readonly [PersonObject, ...PersonObject[]]): PersonSummary {
  const [account, mail] = [accountOf(objects), mailOf(objects)];
  return {
    id: person,
    displayName: account.display_name,
    primaryAddress: mail.primary_address,
    kind: account.kind,
    recipientType: mail.recipient_type,
    state: stateOf(objects),
  };
}

/** People by their ids, of those that are listed; who is not is not given. */
export async function loadPeople(tx: OrganisationTransaction, people: readonly PersonId[]): Promise<ReadonlyMap<string, PersonSummary>> {
  if (people.length === 0) return new Map();
  const { rows } = await sql<PersonObject & { readonly person_id: PersonId }>`
    select p.id as person_id, ${partColumns}
    from unnest(${people}::bigint[]) as wanted (id)
    cross join lateral (select * from person p where p.id = wanted.id and p.sort_key is not null limit 1) p
    cross join lateral (select * from person_link l where l.person_id = p.id and l.until is null offset 0) l
    cross join lateral (select * from directory_object o where o.id = l.object_id limit 1) o
    ${partJoins}
    order by l.id`.execute(tx);
  const objects = new Map<PersonId, [PersonObject, ...PersonObject[]]>();
  for (const { person_id: person, ...object } of rows) {
    const known = objects.get(person);
    if (known === undefined) objects.set(person, [object]);
    else known.push(object);
  }
  return new Map([...objects].map(([person, its]) => [person, summaryOf(person, its)]));
}
