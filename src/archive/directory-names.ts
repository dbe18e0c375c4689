/**
 * Distinguished names. Active Directory tells of a container that moved or was renamed, and not of what is in it; nor does it
 * tell of groups and reports that name a renamed object, though what they say changes. So names are derived: the name of an
 * object is its RDN and the name of the container that its parentGUID means, where that is known, and whoever named it
 * before names it anew. An object whose container is not known (a root, or one that the account may not read) keeps the
 * name that the source gave.
 *
 * What is not mended before the next reading: a group or report that was read while the object it names had a name that was never
 * told, because the object was renamed twice, or made and deleted, between two polls.
 */
import { sql } from 'kysely';
import type { IntegrationId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import type { DirectoryContext } from './directory-attempt.ts';
import { dnKey, keyOfNormal, normalDn, splitRdn } from './directory-dn.ts';
import { type DirectoryRow, withName } from './directory-mapping.ts';
import type { DirectoryScope } from './directory-scope.ts';
import { sqlFile } from './sql-file.ts';

interface StoredParent {
  readonly guid: string;
  readonly dn: string;
  readonly told: boolean | null;
  readonly usn: string | null;
  readonly invocation_id: string | null;
}
const parentNamesSql = sqlFile<StoredParent, [guids: readonly string[], integration: string, epoch: number | null]>('parent-names');
const descendantsSql = sqlFile<
  { id: string; before: string; in_scope: boolean; dn: string },
  [guids: readonly string[], integration: string]
>('descendants');
const setNamesSql = sqlFile<{ id: string; leaves: boolean }, [objects: string]>('set-names');
const renameReferencesSql = sqlFile<never, [renames: string, integration: string, told: boolean]>('rename-references');
const formerNamesSql = sqlFile<
  { former: string; key: string | null; dn: string },
  [keys: readonly Buffer[], integration: string]
>('former-names');

/** Where the rows of a page come from. */
export interface PageOrigin {
  /** invocationId of the controller; null: not known. */
  readonly controller: string | null;
  /** True for a page of changes. */
  readonly told: boolean;
}

/** The rows of a page under the names of the containers that they are in, of the page or stored. */
export async function deriveNames(
  tx: OrganisationTransaction,
  { integration, epoch, scope }: DirectoryContext,
  { controller, told }: PageOrigin,
  rows: readonly DirectoryRow[],
): Promise<readonly DirectoryRow[]> {
  const parents = [...new Set(rows.flatMap(({ parentGuid }) => parentGuid ?? []))];
  if (parents.length === 0) return rows;
  const stored = new Map((await parentNamesSql(tx, parents, integration, told ? null : epoch)).map((parent) => [parent.guid, parent]));
  const ofPage = new Map(rows.map((row) => [row.guid, row]));
  const names = new Map<string, string | undefined>();

  const nameOf = (guid: string): string | undefined => {
    if (names.has(guid)) return names.get(guid);
    // Of containers that are in each other, which no directory has, the source's word is taken.
    names.set(guid, undefined);
    const [row, known] = [ofPage.get(guid), stored.get(guid)];
    const name = row === undefined || isNewer(known, row) ? known?.dn : derived(row);
    names.set(guid, name);
    return name;
  };
  const isNewer = (known: StoredParent | undefined, row: DirectoryRow): boolean =>
    known !== undefined && (told || known.told === true) && known.usn !== null && row.usn !== null &&
    known.invocation_id === controller && BigInt(row.usn) < BigInt(known.usn);
  const derived = (row: DirectoryRow): string => {
    const parent = row.parentGuid === null ? undefined : nameOf(row.parentGuid);
    return parent === undefined ? row.dn : `${row.rdn},${parent}`;
  };
  return rows.map((row) => withName(row, derived(row), scope));
}

export interface Renamed {
  readonly id: string;
  /** Key of the name before, in hex. */
  readonly before: string;
  /** Key of the name now, in hex. */
  readonly key: string;
  readonly dn: string;
}

/** Whoever named these objects before names them anew. */
export async function renameReferences(
  tx: OrganisationTransaction,
  integration: IntegrationId,
  { told }: Pick<PageOrigin, 'told'>,
  renamed: readonly Renamed[],
): Promise<void> {
  const renames = renamed.filter(({ before, key }) => before !== key);
  if (renames.length > 0) await renameReferencesSql(tx, JSON.stringify(renames), integration, told);
}

/** Objects taken into memory at once. */
const OBJECTS_AT_ONCE = 5000;

/**
 * Names what is in the containers `renamed` (GUIDs) after them. Gives the objects that are to leave the archive by it, those that leave or
 * enter the scope, and all of them.
 */
export async function renameDescendants(
  tx: OrganisationTransaction,
  { integration, scope }: Pick<DirectoryContext, 'integration' | 'scope'>,
  origin: PageOrigin,
  renamed: readonly string[],
): Promise<{ left: string[]; turned: string[]; all: string[] }> {
  if (renamed.length === 0) return { left: [], turned: [], all: [] };
  const found = await descendantsSql(tx, renamed, integration);
  const turned: { id: string; leaves: boolean }[] = [];
  for (let from = 0; from < found.length; from += OBJECTS_AT_ONCE) {
    const some = found.slice(from, from + OBJECTS_AT_ONCE).flatMap((object) => {
      const normal = normalDn(object.dn);
      return normal === undefined ? [] : [{ ...object, normal, key: keyOfNormal(normal).toString('hex') }];
    });
    const inScope = await scopeOfRenamed(tx, scope, some);
    const objects = some.map(({ id, dn, key }) => ({ id, dn, dn_key: key, in_scope: inScope.has(id) }));
    turned.push(...(await setNamesSql(tx, JSON.stringify(objects))));
    await renameReferences(tx, integration, origin, some);
  }
  return { left: turned.filter(({ leaves }) => leaves).map(({ id }) => id), turned: turned.map(({ id }) => id), all: found.map(({ id }) => id) };
}

/** Ids of those that are in scope under their new names. What they hold is looked at only where it may matter. */
async function scopeOfRenamed(
  tx: OrganisationTransaction,
  scope: DirectoryScope,
  objects: readonly { id: string; in_scope: boolean; dn: string; normal: string }[],
): Promise<Set<string>> {
  const covered = objects.filter(({ normal }) => scope.covers(normal));
  const inScope = new Set(covered.filter(({ in_scope }) => in_scope && !scope.readsName).map(({ id }) => id));
  const asked = new Map(covered.filter(({ id }) => !inScope.has(id)).map(({ id, dn }) => [id, dn]));
  if (asked.size === 0) return inScope;
  const rows = await tx
    .selectFrom('directory_object')
    .select(['id', 'guid', 'kind', 'attributes'])
    .where('id', 'in', [...asked.keys()] as never[])
    .execute();
  for (const { id, ...object } of rows) if (scope.matches({ ...object, dn: asked.get(id) ?? '' })) inScope.add(id);
  return inScope;
}

export interface Displaced {
  readonly id: string;
  readonly guid: string;
  readonly dn: string;
  readonly before: string;
  readonly in_scope: boolean;
}

/**
 * Objects whose name belongs to another one by now: they were renamed or deleted, which is still to be told. Until then they
 * have a name that nobody else has, so that what is said of the name is not said of them. AD itself makes such names
 * (https://learn.microsoft.com/windows/win32/adschema/a-name, "CNF"), which a source therefore never gives to two objects.
 */
export async function setAside(
  tx: OrganisationTransaction,
  integration: IntegrationId,
  origin: PageOrigin,
  displaced: readonly Displaced[],
): Promise<void> {
  if (displaced.length === 0) return;
  const renamed = displaced.flatMap(({ id, guid, dn, before, in_scope }) => {
    const { rdn, parent } = splitRdn(dn);
    const asideRdn = `${rdn}\\0ACNF:${guid}`;
    const aside = parent === undefined ? asideRdn : `${asideRdn},${parent}`;
    const key = dnKey(aside)?.toString('hex');
    return key === undefined ? [] : [{ id, before, key, dn: aside, rdn: asideRdn, in_scope }];
  });
  await setNamesSql(tx, JSON.stringify(renamed.map(({ id, dn, key, rdn, in_scope }) => ({ id, dn, dn_key: key, rdn, in_scope }))));
  await renameReferences(tx, integration, origin, renamed);
}

/** A name that was read, as it is now. */
export interface CurrentName {
  readonly key: string;
  readonly dn: string;
}

/**
 * By the key of a name in hex: what its object is called now, of names that went out of use a short while ago; null: it is gone.
 * Names of other directories of the organisation too, which learn of a rename later (FORMER_NAME_DAYS).
 */
export async function currentNames(
  tx: OrganisationTransaction,
  integration: IntegrationId,
  keys: Iterable<string>,
): Promise<ReadonlyMap<string, CurrentName | null>> {
  const { rows: any } = await sql`
    select from directory_integration i
    cross join lateral (select from directory_former_name f where f.integration_id = i.id limit 1) f limit 1`.execute(tx);
  if (any.length === 0) return new Map();
  const asked = [...new Set(keys)].map((key) => Buffer.from(key, 'hex'));
  return new Map((await formerNamesSql(tx, asked, integration)).map(({ former, key, dn }) => [former, key === null ? null : { key, dn }]));
}
