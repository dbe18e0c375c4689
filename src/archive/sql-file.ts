import { readFileSync } from 'node:fs';
import { CompiledQuery } from 'kysely';
import type { OrganisationTransaction } from './database.ts';

/**
 * A statement that is long enough for a file of its own: `src/archive/sql/<name>.sql`, with `$1 …` for its parameters.
 * Read once. Gives its rows, whose type the caller knows from the file.
 */
export function sqlFile<Row, Parameters extends readonly unknown[]>(name: string) {
  const text = readFileSync(new URL(`./sql/${name}.sql`, import.meta.url), 'utf8');
  return async (tx: OrganisationTransaction, ...parameters: Parameters): Promise<Row[]> =>
    (await tx.executeQuery<Row>(CompiledQuery.raw(text, [...parameters]))).rows;
}
