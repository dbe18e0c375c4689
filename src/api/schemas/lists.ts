import { type Static, type TProperties, Type } from 'typebox';
import { type KeysetPage, keysetPage, type NameRange } from '../../archive/keyset.ts';
import { PageQuery, Slug, Uuid } from './common.ts';

/** Query of a list: where it goes on, how many, and its filters. A parameter that is not known is refused. */
export const listQuery = <T extends TProperties>(filters: T) =>
  Type.Object({ ...PageQuery.properties, ...filters }, { additionalProperties: false });
export const ListQuery = listQuery({});

/** The default of `limit`, where the schema left it out. */
export const DEFAULT_LIMIT = 100;

export const Search = Type.Optional(
  Type.String({ minLength: 1, maxLength: 200, description: 'Beginning of a name, of a word in it (a last name), or of an address, without regard to case' }),
);
const moment = (description: string) =>
  Type.Optional(
    Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(?:\\.\\d{1,9})?(?:Z|[+-]\\d{2}:\\d{2})$', maxLength: 40, description }),
  );
/** Asks for what was true at a moment. */
export const At = moment('RFC 3339: the directory as it was at this moment. 422 for one in the future, or before anything was read');
/** How a mailbox is looked at; neither: as it is. */
export const viewQuery = {
  full: Type.Optional(Type.Boolean({ default: false, description: 'Everything that was ever there, with what is gone. Not together with `at`' })),
  at: moment('RFC 3339: as of this moment, which is as of the last pass that was complete then. 422 for one in the future'),
};
/** What people call somebody or something by. */
export const Reference = Type.String({ minLength: 1, maxLength: 500 });
export const NamedPath = Type.Object({ name: Slug });
export const IdPath = Type.Object({ id: Uuid });

/** A page of a list that is ordered by name. */
export async function namePage<T extends { readonly name: string }>(
  query: Static<typeof ListQuery>,
  list: (range: NameRange) => Promise<T[]>,
): Promise<KeysetPage<T>> {
  const limit = query.limit ?? DEFAULT_LIMIT;
  return keysetPage(await list({ after: query.after, limit: limit + 1 }), limit, (row) => row.name);
}

/** The same page, each row as the API shows it. */
export const mapPage = <T, U>(page: KeysetPage<T>, show: (row: T) => U): { items: U[]; next: string | null } => ({
  items: page.items.map(show),
  next: page.next,
});

