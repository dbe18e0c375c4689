/** People of an organisation, as the API shows them. */
import { type RawBuilder, sql } from 'kysely';
import type { DirectoryObjectId, IntegrationId, PersonId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { firstRdnValue } from './directory-dn.ts';
import {
  isBigintId,
  isDisabled,
  isPerson,
  listedColumns,
  listedJoins,
  type ListedObject,
  listObjects,
  type ListQuery,
} from './directory-list.ts';
import {
  type AddressView,
  addressesOf,
  countDirectReports,
  findHolder,
  findManager,
  memberOf,
} from './directory-relations.ts';
import type { KeysetPage } from './keyset.ts';
import { NotFoundError } from './record-errors.ts';

export interface PersonSummary {
  id: string;
  displayName: string;
  primaryAddress: string | null;
  kind: string;
  recipientType: string;
  state: 'enabled' | 'disabled' | 'missing';
}

/** Where something was read: one object of one directory. */
export interface SourceView {
  integration: string;
  guid: string;
  dn: string;
  /** Why the object is this person. */
  rule: string;
  since: string;
}

export interface PersonView extends PersonSummary {
  addresses: AddressView[];
  accountName: string | null;
  principalName: string | null;
  /** `id` is null when the manager is no person of the archive (yet). */
  manager: { id: string | null; displayName: string } | null;
  directReports: number;
  memberOf: { id: string; displayName: string }[];
  attributes: Record<string, string[]>;
  sources: SourceView[];
  missingSince: string | null;
  changedAt: string;
}

type ListedPerson = ListedObject & { readonly person_id: PersonId };

/** By name. Those that are missing are listed too. @throws InvalidInputError when `after` is none of this list's */
export async function listPeople(tx: OrganisationTransaction, query: ListQuery): Promise<KeysetPage<PersonSummary>> {
  const page = await listObjects(tx, isPerson, query);
  return { ...page, items: page.items.filter(hasPerson).map(summary) };
}

const hasPerson = (row: ListedObject): row is ListedPerson => row.person_id !== null;

const summary = (row: ListedPerson): PersonSummary => ({
  id: row.person_id,
  displayName: row.display_name,
  primaryAddress: row.primary_address,
  kind: row.kind,
  recipientType: row.recipient_type,
  state: row.missing_since !== null ? 'missing' : isDisabled(row) ? 'disabled' : 'enabled',
});

interface PersonObject extends ListedPerson {
  readonly integration_id: IntegrationId;
  readonly integration: string;
  readonly guid: string;
  readonly dn: string;
  readonly account_name: string | null;
  readonly principal_name: string | null;
  readonly manager_key: Buffer | null;
  readonly attributes: Record<string, string[]>;
  readonly changed_at: Date;
  readonly rule: string;
  readonly since: Date;
}

/**
 * A person by id or by any address that is theirs.
 * @throws NotFoundError
 */
export async function findPerson(tx: OrganisationTransaction, idOrAddress: string): Promise<PersonView> {
  const objects = await objectsOf(tx, idOrAddress);
  const [main] = objects;
  if (main === undefined) throw new NotFoundError('such person');
  const result = summary(main);
  return {
    ...result,
    addresses: await addressesOf(
      tx,
      objects.map(({ id }) => id),
      result.state === 'disabled',
    ),
    accountName: main.account_name,
    principalName: main.principal_name,
    manager: await managerOf(tx, main),
    directReports: await countDirectReports(tx, main.id),
    memberOf: await memberOf(tx, main.id),
    attributes: main.attributes,
    sources: objects.map((object) => ({
      integration: object.integration,
      guid: object.guid,
      dn: object.dn,
      rule: object.rule,
      since: object.since.toISOString(),
    })),
    missingSince: main.missing_since?.toISOString() ?? null,
    changedAt: main.changed_at.toISOString(),
  };
}

/** The objects that are this person, the present one first. */
async function objectsOf(tx: OrganisationTransaction, idOrAddress: string): Promise<PersonObject[]> {
  if (isBigintId(idOrAddress)) return objectsOfPerson(tx, sql`${idOrAddress}::bigint`);
  if (!idOrAddress.includes('@')) return [];
  const holder = await findHolder(tx, idOrAddress);
  return holder === undefined ? [] : objectsOfPerson(tx, personOf(holder.id));
}

const personOf = (object: DirectoryObjectId) =>
  sql`(select l.person_id from person_link l where l.object_id = ${object} and l.until is null)`;

async function objectsOfPerson(tx: OrganisationTransaction, person: RawBuilder<unknown>): Promise<PersonObject[]> {
  const { rows } = await sql<PersonObject>`
    with wanted as materialized (
      select coalesce(p.merged_into, p.id) as id from person p where p.id = ${person}
    )
    select ${listedColumns}, o.integration_id, i.name as integration, o.guid, o.dn, o.account_name, o.principal_name,
      o.manager_key, o.attributes, o.changed_at, l.rule, l.since
    from wanted
    join person_link l on l.person_id = wanted.id and l.until is null
    cross join lateral (select * from directory_object o where o.id = l.object_id limit 1) o
    ${listedJoins}
    where ${isPerson}
    order by o.missing_since is not null, l.id`.execute(tx);
  return rows;
}

async function managerOf(tx: OrganisationTransaction, person: PersonObject): Promise<PersonView['manager']> {
  if (person.manager_key === null) return null;
  const found = await findManager(tx, { managerKey: person.manager_key, integration: person.integration_id });
  if (found !== undefined) return { id: found.personId, displayName: found.displayName };
  const dn = person.attributes['manager']?.[0] ?? '';
  return { id: null, displayName: firstRdnValue(dn) ?? dn };
}
