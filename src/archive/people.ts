/** People of an organisation, as the API shows them. */
import { type RawBuilder, sql } from 'kysely';
import type { PersonId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { firstRdnValue } from './directory-dn.ts';
import { isBigintId, type ListQuery, searchPeople } from './directory-list.ts';
import { type AddressView, addressesOf, countDirectReports, findHolder, findManager, memberOf } from './directory-relations.ts';
import type { KeysetPage } from './keyset.ts';
import { loadPeople, partColumns, partJoins, type PersonObject, type PersonSummary, summaryOf } from './person-objects.ts';
import { accountOf, isPresent, isThere, mailOf } from './person-parts.ts';
import { type DescribedPart, inOrder, mergeAttributes } from './person-view.ts';
import { NotFoundError } from './record-errors.ts';

export type { PersonSummary };

/** Where something was read: one object of one directory. */
export interface SourceView {
  integration: string;
  guid: string;
  dn: string;
  /** Why the object is this person. */
  rule: string;
  since: string;
}

/** One of the objects that a person is. */
export interface PersonSourceView extends SourceView {
  /** `outside`: it is no recipient by itself. `gone`: that, and no longer in its directory. */
  state: 'present' | 'missing' | 'outside' | 'gone';
  /** What of the person it gives. */
  gives: ('account' | 'mail')[];
}

/** By field: the directory that gives it. Those that nobody gives are absent. */
export type FieldSources = Partial<
  Record<'displayName' | 'state' | 'accountName' | 'principalName' | 'manager' | 'recipientType' | 'addresses', string>
>;

export interface PersonView extends PersonSummary {
  addresses: AddressView[];
  accountName: string | null;
  principalName: string | null;
  /** `id` is null when the manager is no person of the archive (yet). */
  manager: { id: string | null; displayName: string } | null;
  directReports: number;
  memberOf: { id: string; displayName: string }[];
  attributes: Record<string, string[]>;
  attributeSources: Record<string, string>;
  fieldSources: FieldSources;
  sources: PersonSourceView[];
  missingSince: string | null;
  changedAt: string;
}

/** By name. Those that are missing are listed too. @throws InvalidInputError when `after` is none of this list's */
export async function listPeople(tx: OrganisationTransaction, query: ListQuery): Promise<KeysetPage<PersonSummary>> {
  const { ids, next } = await searchPeople(tx, query);
  const people = await loadPeople(tx, ids);
  return { items: ids.flatMap((id) => people.get(id) ?? []), next };
}

interface WholeObject extends PersonObject, DescribedPart {
  readonly person_id: PersonId;
  readonly dn: string;
  readonly account_name: string | null;
  readonly principal_name: string | null;
  readonly manager_key: Buffer | null;
  readonly changed_at: Date;
  readonly rule: string;
  readonly since: Date;
}

/**
 * A person by id or by any address that is theirs.
 * @throws NotFoundError
 */
export async function findPerson(tx: OrganisationTransaction, idOrAddress: string): Promise<PersonView> {
  const [first, ...rest] = await objectsOf(tx, idOrAddress);
  if (first === undefined) throw new NotFoundError('such person');
  const objects = [first, ...rest] as const;
  const [account, mail, asked] = [accountOf(objects), mailOf(objects), inOrder(objects)];
  const ids = objects.map(({ id }) => id);
  const summary = summaryOf(first.person_id, objects);
  const manager = await managerOf(tx, asked);
  return {
    ...summary,
    addresses: await addressesOf(tx, mail.id, summary.state === 'disabled'),
    accountName: account.account_name,
    principalName: account.principal_name,
    manager: manager?.view ?? null,
    directReports: await countDirectReports(tx, first.person_id, ids),
    memberOf: await memberOf(tx, ids),
    ...mergeAttributes(objects),
    fieldSources: {
      displayName: account.integration,
      state: account.integration,
      ...(account.account_name === null ? {} : { accountName: account.integration }),
      ...(account.principal_name === null ? {} : { principalName: account.integration }),
      ...(manager === undefined ? {} : { manager: manager.integration }),
      recipientType: mail.integration,
      addresses: mail.integration,
    },
    // Those that give something first.
    sources: [...new Set([...asked, ...objects])].map((object) => ({
      integration: object.integration,
      guid: object.guid,
      dn: object.dn,
      rule: object.rule,
      since: object.since.toISOString(),
      state: sourceState(object),
      gives: [...(object === account ? (['account'] as const) : []), ...(object === mail ? (['mail'] as const) : [])],
    })),
    missingSince: summary.state === 'missing' ? latest(objects.map((object) => object.missing_since)) : null,
    changedAt: latest(objects.map((object) => object.changed_at)) ?? first.changed_at.toISOString(),
  };
}

const sourceState = (object: WholeObject): PersonSourceView['state'] =>
  isPresent(object) ? 'present' : object.listed ? 'missing' : isThere(object) ? 'outside' : 'gone';

const latest = (times: readonly (Date | null)[]): string | null =>
  times.flatMap((time) => time?.toISOString() ?? []).sort().at(-1) ?? null;

async function objectsOf(tx: OrganisationTransaction, idOrAddress: string): Promise<WholeObject[]> {
  if (isBigintId(idOrAddress)) return objectsOfPerson(tx, sql`${idOrAddress}::bigint`);
  if (!idOrAddress.includes('@')) return [];
  const holder = await findHolder(tx, idOrAddress);
  return holder?.personId == null ? [] : objectsOfPerson(tx, sql`${holder.personId}::bigint`);
}

/**
 * Whom an id or an address means: of a person that is merged into another, that one.
 * @throws NotFoundError
 */
export async function findPersonId(tx: OrganisationTransaction, idOrAddress: string): Promise<PersonId> {
  const [first] = await objectsOf(tx, idOrAddress);
  if (first === undefined) throw new NotFoundError('such person');
  return first.person_id;
}

/** Of a person that is merged into another: those of that one. */
async function objectsOfPerson(tx: OrganisationTransaction, person: RawBuilder<unknown>): Promise<WholeObject[]> {
  const { rows } = await sql<WholeObject>`
    with wanted as materialized (
      select coalesce(p.merged_into, p.id) as id from person p where p.id = ${person}
    )
    select ${partColumns}, p.id as person_id, i.name as integration, o.dn, o.account_name, o.principal_name, o.manager_key,
      o.attributes, o.changed_at, l.rule, l.since
    from wanted
    cross join lateral (select * from person p where p.id = wanted.id and p.sort_key is not null limit 1) p
    join person_link l on l.person_id = p.id and l.until is null
    cross join lateral (select * from directory_object o where o.id = l.object_id limit 1) o
    ${partJoins}
    order by l.id`.execute(tx);
  return rows;
}

/** As the first of the objects that names one says. */
async function managerOf(tx: OrganisationTransaction, objects: readonly WholeObject[]) {
  for (const { manager_key: managerKey, integration_id: integration, integration: name, attributes } of objects) {
    if (managerKey === null) continue;
    const found = await findManager(tx, { managerKey, integration });
    if (found !== undefined) return { view: { id: found.personId, displayName: found.displayName }, integration: name };
    const dn = attributes['manager']?.[0] ?? '';
    return { view: { id: null, displayName: firstRdnValue(dn) ?? dn }, integration: name };
  }
  return undefined;
}
