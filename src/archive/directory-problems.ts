import { sql } from 'kysely';
import type { DirectoryProblem } from '../shared/directory.ts';
import type { IntegrationId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import type { DirectoryContext } from './directory-attempt.ts';
import { dnKey } from './directory-dn.ts';
import { storable } from './directory-text.ts';
import { sqlFile } from './sql-file.ts';

const recordProblemsSql = sqlFile<never, [problems: string, integration: string, run: string | null, epoch: number]>(
  'record-problems',
);

/**
 * One of a kind (code, object, subject): the details of several are put together. Texts of a site may hold anything.
 */
export function mergeProblems(problems: readonly DirectoryProblem[]): DirectoryProblem[] {
  const merged = new Map<string, DirectoryProblem>();
  for (const { guid, ...texts } of problems) {
    const [subject, code, detail] = [storable(texts.subject), storable(texts.code), storable(texts.detail)];
    const key = JSON.stringify([code, guid, subject]);
    const before = merged.get(key);
    merged.set(key, { guid, subject, code, detail: before === undefined ? detail : `${before.detail} ${detail}` });
  }
  return [...merged.values()];
}

/** Records what could not be read or applied in this page. Repeating it changes nothing. */
export async function recordProblems(
  tx: OrganisationTransaction,
  { integration, run, epoch }: DirectoryContext,
  problems: readonly DirectoryProblem[],
): Promise<void> {
  if (problems.length > 0) await recordProblemsSql(tx, JSON.stringify(problems), integration, run, epoch);
}

/** What mapEntry may find, which a later state of the object settles; see also directory-changes.ts. */
const mappingCodes = [
  'object.class-unknown',
  'object.dn-invalid',
  'object.unknown',
  'attribute.invalid',
  'attribute.too-long',
  'attribute.undecodable',
  'address.invalid',
  'address.two-primaries',
];

/** The problems of objects that are about to be told anew. A reading settles those of all at its end. */
export async function resolveMappingProblems(
  tx: OrganisationTransaction,
  integration: IntegrationId,
  guids: readonly string[],
): Promise<void> {
  await tx
    .updateTable('directory_problem')
    .set({ resolved_at: sql<Date>`now()` })
    .where('integration_id', '=', integration)
    .where('resolved_at', 'is', null)
    .where('code', 'in', mappingCodes)
    .where('guid', '=', (eb) => eb.fn.any(sql<string[]>`${guids}::uuid[]`))
    .execute();
}

/**
 * Objects that were seen but could not be read or kept: they stay as they are and are not missing. Told by GUID, or by
 * distinguished name when not even the GUID was readable. Undefined when there are none.
 */
export function unreadableObjects(unkeepable: readonly string[], problems: readonly DirectoryProblem[]) {
  const guids = [...unkeepable, ...problems.flatMap(({ guid }) => guid ?? [])];
  const dnKeys = problems.flatMap(({ guid, subject }) => (guid === null ? (dnKey(subject) ?? []) : []));
  return guids.length + dnKeys.length === 0 ? undefined : { guids, dnKeys };
}
