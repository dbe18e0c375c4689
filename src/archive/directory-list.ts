/**
 * Lists of people and of groups, by name, with search by the beginning of a name or an address.
 *
 * Prefixes are ranges (`>= 'ada' and < 'ada\u{10FFFF}'`) and not LIKE: comparisons of text are leakproof, so that under
 * row-level security they may use their indexes, and LIKE may not. test/integration/archive-directory-plans.test.ts proves
 * that no list or search reads a table from end to end.
 */
import { type RawBuilder, sql } from 'kysely';
import type { DirectoryObjectKind, RecipientType } from '../shared/directory.ts';
import type { DirectoryObjectId, PersonId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { isDisabledByDesign } from './directory-kinds.ts';
import { sortKey } from './directory-text.ts';
import { InvalidInputError } from './record-errors.ts';

export interface ListQuery {
  /** Beginning of a name (without regard to case and accents) or of an address. */
  readonly search?: string | undefined;
  /** `next` of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** One object as lists show it. */
export interface ListedObject {
  readonly id: DirectoryObjectId;
  /** Null for groups. */
  readonly person_id: PersonId | null;
  readonly sort_key: string;
  readonly display_name: string;
  readonly primary_address: string | null;
  readonly kind: DirectoryObjectKind;
  readonly recipient_type: RecipientType;
  readonly account_disabled: boolean;
  /** The integration's setting: an account that is disabled in AD is disabled here. */
  readonly acknowledge_disabled: boolean;
  readonly missing_since: Date | null;
}

/** In the words of the partial indexes directory_object_people and directory_object_groups. */
export const isPerson = sql<boolean>`o.included and o.kind in ('user', 'contact', 'public-folder')`;
export const isGroup = sql<boolean>`o.kind in ('group', 'dynamic-group')`;

/** What ListedObject needs of `o`: one row of each, found by its key. */
export const listedColumns = sql`
  o.id, link.person_id, o.sort_key, o.display_name, mail.address as primary_address, o.kind, o.recipient_type,
  o.account_disabled, coalesce((i.settings ->> 'acknowledgeDisabled')::boolean, true) as acknowledge_disabled, o.missing_since`;
export const listedJoins = sql`
  join directory_integration i on i.id = o.integration_id
  left join lateral (
    select coalesce(p.merged_into, p.id) as person_id
    from person_link l join person p on p.id = l.person_id
    where l.object_id = o.id and l.until is null limit 1) link on true
  left join lateral (
    select a.address from directory_address a where a.object_id = o.id and a.is_primary limit 1) mail on true`;

/** `limit` + 1 rows in order of name, so that the caller knows whether there are more. */
export async function listObjects(
  tx: OrganisationTransaction,
  which: RawBuilder<boolean>,
  query: ListQuery,
): Promise<ListedObject[]> {
  const after = query.after === undefined ? { sortKey: '', id: '0' } : decodeAfter(query.after);
  const position = sql`(o.sort_key, o.id) > (${after.sortKey}, ${after.id}::bigint)`;
  const limit = sql`order by o.sort_key, o.id limit ${query.limit + 1}`;
  const { rows } = await sql<ListedObject>`
    with page as materialized (${
      query.search === undefined
        ? sql`select o.id from directory_object o where ${which} and ${position} ${limit}`
        : foundBy(query.search, sql`${which} and ${position}`, limit)
    })
    select ${listedColumns}
    from page
    cross join lateral (select * from directory_object o where o.id = page.id limit 1) o
    ${listedJoins}
    order by o.sort_key, o.id`.execute(tx);
  return rows;
}

const LAST_CHARACTER = '\u{10FFFF}';

function foundBy(search: string, wanted: RawBuilder<unknown>, limit: RawBuilder<unknown>): RawBuilder<unknown> {
  const name = sortKey(search);
  const address = search.trim().toLowerCase();
  return sql`
    select o.id from (
      (select o.id, o.sort_key from directory_object o
        where ${wanted} and o.sort_key >= ${name} and o.sort_key < ${name + LAST_CHARACTER} ${limit})
      union
      (select o.id, o.sort_key from directory_address a
        cross join lateral (select * from directory_object o where o.id = a.object_id limit 1) o
        where a.address >= ${address} and a.address < ${address + LAST_CHARACTER} and ${wanted} ${limit})
    ) o ${limit}`;
}

/** Disabled as the source says, where the integration acknowledges it and the account is one that anybody uses. */
export const isDisabled = (row: Pick<ListedObject, 'account_disabled' | 'acknowledge_disabled' | 'recipient_type'>): boolean =>
  row.account_disabled && row.acknowledge_disabled && !isDisabledByDesign(row.recipient_type);

export const afterOf = (row: Pick<ListedObject, 'sort_key' | 'id'>): string =>
  Buffer.from(JSON.stringify([row.sort_key, row.id])).toString('base64url');

function decodeAfter(after: string): { sortKey: string; id: string } {
  try {
    const value: unknown = JSON.parse(Buffer.from(after, 'base64url').toString('utf8'));
    if (Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'string' && isBigintId(value[1])) {
      return { sortKey: sortKey(value[0]), id: value[1] };
    }
  } catch {
    // Not ours.
  }
  throw new InvalidInputError([{ path: '/after', message: 'is no `next` of a page of this list' }]);
}

/** A positive bigint as PostgreSQL takes it. */
export const isBigintId = (text: string): boolean => /^[1-9][0-9]{0,18}$/.test(text) && BigInt(text) <= 9223372036854775807n;
