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
import { isStorable, sortKey } from './directory-text.ts';
import { InvalidInputError } from './record-errors.ts';

export interface ListQuery {
  /** Beginning of a name or of a word in it (without regard to case and accents), or of an address. */
  readonly search?: string | undefined;
  /** `next` of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** A group as lists show it. */
export interface ListedGroup {
  readonly id: DirectoryObjectId;
  readonly display_name: string;
  readonly primary_address: string | null;
  readonly kind: DirectoryObjectKind;
  readonly recipient_type: RecipientType;
  readonly missing_since: Date | null;
}

export const isPerson = sql<boolean>`o.listed and o.kind in ('user', 'contact', 'public-folder')`;
/** In the words of the partial index directory_object_groups. */
export const isGroup = sql<boolean>`o.listed and o.kind in ('group', 'dynamic-group')`;

/** What ListedGroup needs of `o`: one row of each, found by its key. */
export const groupColumns = sql`
  o.id, o.display_name, mail.address as primary_address, o.kind, o.recipient_type, o.missing_since`;
export const groupJoins = sql`
  left join lateral (
    select a.address from directory_address a where a.object_id = o.id and a.is_primary limit 1) mail on true`;

/** Who was found, and what a page that ends there goes on from. */
interface Found {
  readonly id: string;
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

/** What is listed: under a name, and found by words and addresses of objects. All of it in terms of `s`, with id and sort_key. */
interface Subject {
  /** Of those that are listed. */
  readonly table: RawBuilder<unknown>;
  /** The subject of the object `o`, as a lateral join. */
  readonly ofObject: RawBuilder<unknown>;
  /** Whether the object `alias` is one by whose words, or addresses, the subject is found. */
  readonly counts: (way: TextTable['by'], alias: string) => RawBuilder<boolean>;
  /** The objects of the subject, as a table with their columns. */
  readonly objects: RawBuilder<unknown>;
}

const groups: Subject = {
  table: sql`(select o.id, o.sort_key from directory_object o where ${isGroup})`,
  ofObject: sql`cross join lateral (select o.id, case when ${isGroup} then o.sort_key end as sort_key) s`,
  counts: () => sql<boolean>`true`,
  objects: sql`(select * from directory_object x where x.id = s.id limit 1)`,
};

/** Of a person of several objects: the words of the name under which it is listed, and the addresses of the one that gives mail. */
const people: Subject = {
  table: sql`person`,
  ofObject: sql`
    left join lateral (
      select p.* from person_link l join person p on p.id = l.person_id where l.object_id = o.id and l.until is null limit 1) s on true`,
  counts: (way, alias) =>
    way === 'word'
      ? sql<boolean>`${sql.raw(alias)}.sort_key = s.sort_key`
      : sql<boolean>`coalesce(s.mail_object, ${sql.raw(alias)}.id) = ${sql.raw(alias)}.id`,
  objects: sql`(
    select x.* from person_link l
    cross join lateral (select * from directory_object x where x.id = l.object_id limit 1) x
    where l.person_id = s.id and l.until is null)`,
};

export interface IdPage<Id> {
  readonly ids: readonly Id[];
  readonly next: string | null;
}

/**
 * A page of people: by name; of a search first those whose name begins with it, then those with a later word in the name that
 * does, then those with an address that does. Searching the latter two is bounded by page, so a page may have fewer rows than
 * `limit` and still have a `next`.
 * @throws InvalidInputError when `after` is none of this list's
 */
export const searchPeople = (tx: OrganisationTransaction, query: ListQuery): Promise<IdPage<PersonId>> =>
  searchIds(tx, people, query) as Promise<IdPage<PersonId>>;

/** A page of groups, as of people. */
export const searchGroups = (tx: OrganisationTransaction, query: ListQuery): Promise<IdPage<DirectoryObjectId>> =>
  searchIds(tx, groups, query) as Promise<IdPage<DirectoryObjectId>>;

async function searchIds(tx: OrganisationTransaction, subject: Subject, query: ListQuery): Promise<IdPage<string>> {
  const after = query.after === undefined ? beginning : decodePosition(query.after);
  const { found, next } = await search(tx, subject, query, after);
  return { ids: found.map(({ id }) => id), next: next === null ? null : encodePosition(next) };
}

async function search(
  tx: OrganisationTransaction,
  subject: Subject,
  { search: text, limit }: ListQuery,
  after: Position,
): Promise<FoundPage> {
  if (text === undefined) return findByName(tx, subject, '', after, limit);
  const wanted = { name: sortKey(text), address: text.trim().toLowerCase() };
  // Everybody's name begins with nothing.
  if (wanted.name === '' && wanted.address === '') return findByName(tx, subject, '', after, limit);
  const found: Found[] = [];
  for (const by of ways.slice(ways.indexOf(after.by))) {
    const from = by === after.by ? after : { ...beginning, by };
    const rest = limit - found.length;
    // A search for an accent alone: no name begins with what is left of it.
    if (by !== 'address' && wanted.name === '') continue;
    const page =
      by === 'name'
        ? await findByName(tx, subject, wanted.name, from, rest)
        : await findByTable(tx, subject, { limit: rest, ...tablesOf(subject, wanted)[by] }, from);
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
  subject: Subject,
  prefix: string,
  after: Position,
  limit: number,
): Promise<FoundPage> {
  const { rows } = await sql<{ id: string; key: string }>`
    select s.id, s.sort_key as key
    from ${subject.table} s
    where ${beginsWith(sql`s.sort_key`, prefix)} and (s.sort_key, s.id) > (${after.key}, ${after.id}::bigint)
    order by s.sort_key, s.id
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
  /** Whether the subject `s` was found in a way before this one. */
  readonly foundBefore: RawBuilder<boolean>;
}

function tablesOf(
  subject: Subject,
  { name, address }: { readonly name: string; readonly address: string },
): Record<TextTable['by'], TextTable> {
  const byName = beginsWith(sql`s.sort_key`, name);
  const byWord = sql<boolean>`exists (
    select from ${subject.objects} w
    join directory_name_ending e on e.object_id = w.id
    where ${subject.counts('word', 'w')} and ${beginsWith(sql`e.ending`, name)})`;
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
  subject: Subject,
  { limit, by, table, text, prefix, foundBefore }: TextTable & { readonly limit: number },
  after: Position,
): Promise<FoundPage> {
  const { rows } = await sql<{ id: string; found: string; key: string; hit: boolean }>`
    with looked_at as materialized (
      select a.object_id, a.${text} as key
      from ${table} a
      where ${beginsWith(sql`a.${text}`, prefix)} and (a.${text}, a.object_id) > (${after.key}, ${after.id}::bigint)
      order by a.${text}, a.object_id
      limit ${ROWS_PER_PAGE}
    )
    select c.object_id as id, c.key, s.id as found,
      -- Who was found in a way before this one, or by a text before this one, is not found again.
      s.sort_key is not null and ${subject.counts(by, 'o')} and not ${foundBefore} and not exists (
        select from ${subject.objects} x
        join ${table} b on b.object_id = x.id
        where ${subject.counts(by, 'x')} and ${beginsWith(sql`b.${text}`, prefix)} and (b.${text}, b.object_id) < (c.key, c.object_id)) as hit
    from looked_at c
    cross join lateral (select * from directory_object o where o.id = c.object_id limit 1) o
    ${subject.ofObject}
    order by c.key, c.object_id`.execute(tx);
  const hits = rows.filter(({ hit }) => hit);
  const position = ({ id, key }: { id: string; key: string }): Position => ({ by, key, id });
  const found = hits.slice(0, limit).map((row): Found => ({ id: row.found, position: position(row) }));
  const lastLookedAt = rows.length < ROWS_PER_PAGE ? undefined : rows.at(-1);
  if (hits.length > limit) return { found, next: found.at(-1)?.position ?? { ...after, by } };
  return { found, next: lastLookedAt === undefined ? null : position(lastLookedAt) };
}

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
