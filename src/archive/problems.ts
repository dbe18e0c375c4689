import type { Selectable } from 'kysely';
import type { IntegrationId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { isBigintId } from './directory-list.ts';
import { type KeysetPage, keysetPage } from './keyset.ts';
import { InvalidInputError } from './record-errors.ts';
import type { Tables } from './tables.ts';

export type ProblemRow = Selectable<Tables['directory_problem']>;

/** Open problems of a directory, in the order in which they were first met. `after`: `next` of the page before. */
export async function listOpenProblems(
  tx: OrganisationTransaction,
  integration: IntegrationId,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<KeysetPage<ProblemRow>> {
  if (after !== undefined && !isBigintId(after))
    throw new InvalidInputError([{ path: '/after', message: 'is no `next` of a page of this list' }]);
  const rows = await tx
    .selectFrom('directory_problem')
    .selectAll()
    .where('integration_id', '=', integration)
    .where('resolved_at', 'is', null)
    .where('id', '>', after ?? '0')
    .orderBy('id')
    .limit(limit + 1)
    .execute();
  return keysetPage(rows, limit, (row) => row.id);
}
