/** Where a list of items goes on that is ordered by their time, newest first, and by their ids. */
import { type RawBuilder, sql } from 'kysely';
import { InvalidInputError } from './record-errors.ts';

export interface NewestPlace {
  /** Since 1970: all of the digits that PostgreSQL keeps. */
  readonly micros: string;
  readonly id: string;
}

/** @throws InvalidInputError for what no page gave */
export function newestPlace(after: string): NewestPlace {
  const [, micros, id] = /^(-?\d{1,17})\.(\d{1,19})$/.exec(after) ?? [];
  if (micros === undefined || id === undefined) throw new InvalidInputError([{ path: '/after', message: 'is no place in this list' }]);
  return { micros, id };
}

export const microseconds = (time: RawBuilder<unknown>): RawBuilder<string> => sql`(extract(epoch from ${time}) * 1000000)::bigint`;

/** What comes after the place; `id`: the column of the ids. */
export const isAfterPlace = (place: NewestPlace, id: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`(sort_at, ${id}) < (timestamptz 'epoch' + ${place.micros}::bigint * interval '1 microsecond', ${place.id}::bigint)`;
