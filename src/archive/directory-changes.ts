/**
 * What a page of changes does to the archive: what changed is put into what is stored, and the whole is mapped again. So an
 * object that is told in pieces and one that is read whole come to the same.
 */
import { sql } from 'kysely';
import type { DirectoryChangeEntry, DirectoryChangesPage, DirectoryEntry, DirectoryProblem } from '../shared/directory.ts';
import type { DirectoryObjectId, IntegrationId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { applyObjects } from './directory-apply.ts';
import { renewGroupScope } from './directory-group-scope.ts';
import type { DirectoryContext } from './directory-attempt.ts';
import { recordClaims } from './directory-claims.ts';
import { mergeMemberChanges } from './directory-member-changes.ts';
import { applyMemberChanges, applyMembers } from './directory-member-lists.ts';
import { mergeMembers } from './directory-members.ts';
import { mapPage } from './directory-objects.ts';
import { mergeProblems, recordProblems, resolveMappingProblems } from './directory-problems.ts';
import { removeLeaving } from './directory-removals.ts';
import { storable } from './directory-text.ts';
import { linkPeople, lockPeople } from './person-linking.ts';
import { sqlFile } from './sql-file.ts';

const applyDeletionsSql = sqlFile<
  { id: string; guid: string; dn: string; dn_key: Buffer; leaves: boolean },
  [objects: string, integration: string, epoch: number, controller: string | null]
>('apply-deletions');
const endReferencesSql = sqlFile<never, [keys: readonly Buffer[], integration: string]>('end-references');

/** Applies a page of changes. In the transaction of commitPage only. */
export async function applyDirectoryChanges(
  tx: OrganisationTransaction,
  given: DirectoryContext,
  page: Omit<DirectoryChangesPage, 'watermark'>,
): Promise<void> {
  await lockPeople(tx);
  const context = { ...given, firstEpoch: given.epoch };
  const origin = { controller: page.invocationId ?? null, told: true };
  const { whole, deleted, unknown } = await mergeChanges(tx, context, page);

  // First who is gone, for another may have the name by now; last who joined whom, for the names must be the new ones.
  const gone = await applyDeletions(tx, context, origin.controller, deleted);
  const mapped = mapPage(whole, context);
  const applied = await applyObjects(tx, context, origin, mapped.rows);
  const lists = mergeMembers(page.members);
  const groups = await applyMembers(tx, context, origin, lists.groups);
  const members = await mergeMemberChanges(tx, context.integration, page.changes);
  await applyMemberChanges(tx, context, origin.controller, members.groups);
  const regrouped = await renewGroupScope(tx, context, origin, {
    members: [...lists.groups.flatMap((list) => list.members), ...members.groups.flatMap(({ added }) => added)]
      .map(({ key }) => key)
      .concat(members.groups.flatMap(({ removed }) => removed)),
    groups: [...(await namesOf(tx, context.integration, lists.groups.map(({ guid }) => guid))), ...gone.names],
  });
  const left = [...applied.left, ...regrouped.left, ...gone.left];
  await removeLeaving(tx, left);

  const relinked = await linkPeople(tx, [...applied.maybeOthers, ...regrouped.maybeOthers, ...gone.all, ...left]);
  await settleClaims(tx, context, [...applied.written, ...regrouped.written, ...gone.all, ...relinked], applied.droppedAddresses);
  await resolveMappingProblems(tx, context.integration, whole.map(({ guid }) => guid));
  const problems = [...page.problems, ...mapped.problems, ...lists.problems, ...groups.problems, ...members.problems, ...unknown];
  await recordProblems(tx, context, mergeProblems(problems));
}

interface MergedChanges {
  readonly whole: readonly DirectoryEntry[];
  readonly deleted: readonly Pick<DirectoryChangeEntry, 'guid' | 'usn'>[];
  readonly unknown: readonly DirectoryProblem[];
}

/** Every object of the page once: as a whole, or as deleted. */
async function mergeChanges(
  tx: OrganisationTransaction,
  { integration }: DirectoryContext,
  { entries, changes }: Pick<DirectoryChangesPage, 'entries' | 'changes'>,
): Promise<MergedChanges> {
  const rows = await tx
    .selectFrom('directory_object')
    .select(['guid', 'dn', 'attributes', 'in_source'])
    .where('integration_id', '=', integration)
    .where('guid', '=', (eb) => eb.fn.any(sql<string[]>`${changes.map(({ guid }) => guid)}::uuid[]`))
    .execute();
  const stored = new Map(rows.map((row) => [row.guid, row]));
  const whole = new Map(entries.map((entry) => [entry.guid, entry]));
  const deleted = new Map<string, DirectoryChangeEntry>();
  const unknown: DirectoryProblem[] = [];
  for (const change of changes) {
    const { guid, dn } = change;
    if (change.deleted) {
      whole.delete(guid);
      deleted.set(guid, change);
      continue;
    }
    const before = whole.get(guid) ?? stored.get(guid);
    if (before === undefined && change.attributes['objectClass'] === undefined) {
      unknown.push({ guid, subject: dn, code: 'object.unknown', detail: 'It changed, but was never read as a whole; the next full reading brings it.' });
      continue;
    }
    const isThere = whole.has(guid) || (stored.get(guid)?.in_source === true && !deleted.has(guid));
    // Only members changed: the object is as it was.
    if (isThere && Object.keys(change.attributes).length === 0 && before !== undefined && storable(dn) === before.dn) continue;
    deleted.delete(guid);
    whole.set(guid, { guid, dn, attributes: merged(before?.attributes ?? {}, change.attributes), ...(change.usn === undefined ? {} : { usn: change.usn }) });
  }
  return { whole: [...whole.values()], deleted: [...deleted.values()], unknown };
}

/** An attribute keeps the spelling under which it is stored. */
function merged(before: DirectoryEntry['attributes'], changes: DirectoryEntry['attributes']): DirectoryEntry['attributes'] {
  const spelling = new Map(Object.keys(before).map((name) => [name.toLowerCase(), name]));
  const attributes = { ...before };
  for (const [name, values] of Object.entries(changes)) attributes[spelling.get(name.toLowerCase()) ?? name] = values;
  return Object.fromEntries(Object.entries(attributes).filter(([, values]) => values.length > 0));
}

async function applyDeletions(
  tx: OrganisationTransaction,
  { integration, epoch }: DirectoryContext,
  controller: string | null,
  deleted: MergedChanges['deleted'],
): Promise<{ left: string[]; all: string[]; names: string[] }> {
  if (deleted.length === 0) return { left: [], all: [], names: [] };
  const parameter = JSON.stringify(deleted.map(({ guid, usn }) => ({ guid, usn })));
  const gone = await applyDeletionsSql(tx, parameter, integration, epoch, controller);
  await endReferencesSql(tx, gone.map(({ dn_key }) => dn_key), integration);
  return { left: gone.filter(({ leaves }) => leaves).map(({ id }) => id), all: gone.map(({ id }) => id), names: gone.map(({ dn }) => dn) };
}

async function namesOf(tx: OrganisationTransaction, integration: IntegrationId, guids: readonly string[]): Promise<string[]> {
  if (guids.length === 0) return [];
  const rows = await tx
    .selectFrom('directory_object')
    .select('dn')
    .where('integration_id', '=', integration)
    .where('guid', '=', (eb) => eb.fn.any(sql<string[]>`${guids}::uuid[]`))
    .execute();
  return rows.map(({ dn }) => dn);
}

/** Of the addresses that these objects claim, or did before. */
async function settleClaims(tx: OrganisationTransaction, context: DirectoryContext, objects: readonly string[], dropped: readonly string[]): Promise<void> {
  const rows = await tx
    .selectFrom('directory_address')
    .select('address')
    .distinct()
    .where('object_id', '=', (eb) => eb.fn.any(sql<DirectoryObjectId[]>`${objects}::bigint[]`))
    .execute();
  const addresses = [...new Set([...rows.map(({ address }) => address), ...dropped])];
  if (addresses.length > 0) await recordClaims(tx, context, addresses);
}
