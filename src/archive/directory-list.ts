/**
 * Lists of people and of groups, by name, with search by the beginning of a name, of a word in it, or of an address.
 *
 * Prefixes are ranges (`>= 'ada' and < 'ada\u{10FFFF}'`) and not LIKE: comparisons of text are leakproof, so that under
 * row-level security they may use their indexes, and LIKE may not. test/integration/archive-query-plans.test.ts
 * proves that no list or search reads a table from end to end.
 */
import { type RawBuilder, sql } from 'kysely';
import type { DirectoryObjectKind, RecipientType } from '../shared/directory.ts';
import type { DirectoryObjectId, PersonId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { isDisabledByDesign } from './directory-kinds.ts';
import { isStorable, sortKey } from './directory-text.ts';
import type { KeysetPage } from './keyset.ts';
import { InvalidInputError } from './record-errors.ts';

export interface ListQuery {
  /** Beginning of a name or of a word in it (without regard to case and accents), or of an address. */
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
export const isPerson = sql<boolean>`o.listed and o.included and o.kind in ('user', 'contact', 'public-folder')`;
export const isGroup = sql<boolean>`o.listed and o.kind in ('group', 'dynamic-group')`;

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

/** A row that was found, and what a page that ends with it goes on from. */
interface Found {
  readonly id: DirectoryObjectId;
  readonly position: Position;
}
/** In this order: by the beginning of the name, of a later word in it, of an address. */
const ways = ['name', 'word', 'address'] as const;
interface Position {
  readonly by: (typeof ways)[number];
  readonly key: string;
  readonly id: string;
}
interface FoundPage {
  readonly found: readonly Found[];
  /** Null: there is no more. */
  readonly next: Position | null;
}

/**
 * A page of people or groups: by name; of a search first those whose name begins with it, then those with a later
 * word in the name that does, then those with an address that does. Searching the latter two is bounded by page, so a page may have fewer rows than `limit` and still have a
 * `next`.
 * @throws InvalidInputError when `after` is none of this list's
 */
export async function listObjects(
  tx: OrganisationTransaction,
  which: RawBuilder<boolean>,
  query: ListQuery,
): Promise<KeysetPage<ListedObject>> {
  const after = query.after === undefined ? beginning : decodePosition(query.after);
  const { found, next } = await search(tx, which, query, after);
  return {
    items: await loadListed(
      tx,
      found.map(({ id }) => id),
    ),
    next: next === null ? null : encodePosition(next),
  };
}

async function search(
  tx: OrganisationTransaction,
  which: RawBuilder<boolean>,
  { search: text, limit }: ListQuery,
  after: Position,
): Promise<FoundPage> {
  if (text === undefined) return findByName(tx, which, '', after, limit);
  const wanted = { name: sortKey(text), address: text.trim().toLowerCase() };
  // Everybody's name begins with nothing.
  if (wanted.name === '' && wanted.address === '') return findByName(tx, which, '', after, limit);
  const found: Found[] = [];
  for (const by of ways.slice(ways.indexOf(after.by))) {
    const from = by === after.by ? after : { ...beginning, by };
    const rest = limit - found.length;
    // A search for an accent alone: no name begins with what is left of it.
    if (by !== 'address' && wanted.name === '') continue;
    const page =
      by === 'name'
        ? await findByName(tx, which, wanted.name, from, rest)
        : await findByTable(tx, { which, limit: rest, ...tablesOf(wanted)[by] }, from);
    found.push(...page.found);
    if (page.next !== null) return { found, next: page.next };
  }
  return { found, next: null };
}

const LAST_CHARACTER = '\u{10FFFF}';
const beginsWith = (column: RawBuilder<string>, prefix: string) =>
  sql<boolean>`(${column} >= ${prefix} and ${column} < ${prefix + LAST_CHARACTER})`;

async function findByName(
  tx: OrganisationTransaction,
  which: RawBuilder<boolean>,
  prefix: string,
  after: Position,
  limit: number,
): Promise<FoundPage> {
  const { rows } = await sql<{ id: DirectoryObjectId; key: string }>`
    select o.id, o.sort_key as key
    from directory_object o
    where ${which} and ${beginsWith(sql`o.sort_key`, prefix)} and (o.sort_key, o.id) > (${after.key}, ${after.id}::bigint)
    order by o.sort_key, o.id
    limit ${limit + 1}`.execute(tx);
  const found = rows.slice(0, limit).map(({ id, key }): Found => ({ id, position: { by: 'name', key, id } }));
  return { found, next: rows.length > limit ? (found.at(-1)?.position ?? null) : null };
}

/** Rows looked at for one page: most may be of others than those wanted (people, when groups are searched). */
const ROWS_PER_PAGE = 1000;

/** A table of texts by which objects are found. */
interface TextTable {
  readonly by: Exclude<Position['by'], 'name'>;
  readonly table: RawBuilder<unknown>;
  readonly text: RawBuilder<string>;
  readonly prefix: string;
  /** Whether the object `o` was found in a way before this one. */
  readonly foundBefore: RawBuilder<boolean>;
}

function tablesOf({ name, address }: { readonly name: string; readonly address: string }): Record<TextTable['by'], TextTable> {
  const byName = beginsWith(sql`o.sort_key`, name);
  const byWord = sql<boolean>`exists (
    select from directory_name_ending e where e.object_id = o.id and ${beginsWith(sql`e.ending`, name)})`;
  const byNameOrWord = name === '' ? sql<boolean>`false` : sql<boolean>`(${byName} or ${byWord})`;
  return {
    word: { by: 'word', table: sql`directory_name_ending`, text: sql`ending`, prefix: name, foundBefore: byName },
    address: {
      by: 'address',
      table: sql`directory_address`,
      text: sql`address`,
      prefix: address,
      foundBefore: byNameOrWord,
    },
  };
}

async function findByTable(
  tx: OrganisationTransaction,
  { which, limit, by, table, text, prefix, foundBefore }: TextTable & { readonly which: RawBuilder<boolean>; readonly limit: number },
  after: Position,
): Promise<FoundPage> {
  const { rows } = await sql<{ id: DirectoryObjectId; key: string; hit: boolean }>`
    with looked_at as materialized (
      select a.object_id, a.${text} as key
      from ${table} a
      where ${beginsWith(sql`a.${text}`, prefix)} and (a.${text}, a.object_id) > (${after.key}, ${after.id}::bigint)
      order by a.${text}, a.object_id
      limit ${ROWS_PER_PAGE}
    )
    select c.object_id as id, c.key,
      -- Who was found in a way before this one, or by a text before this one, is not found again.
      ${which} and not ${foundBefore} and not exists (
        select from ${table} b
        where b.object_id = c.object_id and ${beginsWith(sql`b.${text}`, prefix)} and b.${text} < c.key) as hit
    from looked_at c
    cross join lateral (select * from directory_object o where o.id = c.object_id limit 1) o
    order by c.key, c.object_id`.execute(tx);
  const hits = rows.filter(({ hit }) => hit);
  const position = ({ id, key }: { id: DirectoryObjectId; key: string }): Position => ({ by, key, id });
  const found = hits.slice(0, limit).map((row): Found => ({ id: row.id, position: position(row) }));
  const lastLookedAt = rows.length < ROWS_PER_PAGE ? undefined : rows.at(-1);
  if (hits.length > limit) return { found, next: found.at(-1)?.position ?? { ...after, by } };
  return { found, next: lastLookedAt === undefined ? null : position(lastLookedAt) };
}

async function loadListed(tx: OrganisationTransaction, ids: readonly DirectoryObjectId[]): Promise<ListedObject[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<ListedObject>`
    select ${listedColumns}
    from unnest(${ids}::bigint[]) with ordinality as wanted (id, place)
    cross join lateral (select * from directory_object o where o.id = wanted.id limit 1) o
    ${listedJoins}
    order by wanted.place`.execute(tx);
  return rows;
}

/** Disabled as the source says, where the integration acknowledges it and the account is one that anybody uses. */
export const isDisabled = (
  row: Pick<ListedObject, 'account_disabled' | 'acknowledge_disabled' | 'recipient_type'>,
): boolean => row.account_disabled && row.acknowledge_disabled && !isDisabledByDesign(row.recipient_type);

const beginning: Position = { by: 'name', key: '', id: '0' };

const isWay = (by: unknown): by is Position['by'] => ways.some((way) => way === by);

const encodePosition = ({ by, key, id }: Position): string =>
  Buffer.from(JSON.stringify([by, key, id])).toString('base64url');

function decodePosition(after: string): Position {
  try {
    const value: unknown = JSON.parse(Buffer.from(after, 'base64url').toString('utf8'));
    if (Array.isArray(value) && value.length === 3) {
      const [by, key, id] = value as unknown[];
      if (
        isWay(by) &&
        typeof key === 'string' &&
        isStorable(key) &&
        typeof id === 'string' &&
        /^(?:0|[1-9][0-9]{0,17})$/.test(id)
      ) {
        return { by, key, id };
      }
    }
  } catch {
    // Not ours.
  }
  throw new InvalidInputError([{ path: '/after', message: 'is no `next` of a page of this list' }]);
}

/** A positive bigint as PostgreSQL takes it. */
export const isBigintId = (text: string): boolean =>
  /^[1-9][0-9]{0,18}$/.test(text) && BigInt(text) <= 9223372036854775807n;
