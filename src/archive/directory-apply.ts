/** What the objects of a page do to the archive, whether a reading gave them or changes did. */
import type { OrganisationTransaction } from './database.ts';
import type { DirectoryContext } from './directory-attempt.ts';
import type { DirectoryRow } from './directory-mapping.ts';
import {
  currentNames,
  deriveNames,
  type Displaced,
  type PageOrigin,
  renameDescendants,
  renameReferences,
  setAside,
} from './directory-names.ts';
import { rowParameter } from './directory-objects.ts';
import { storeSids } from './person-linking.ts';
import { sqlFile } from './sql-file.ts';

interface Applied {
  readonly seen: string;
  readonly added: string;
  readonly changed: string;
  readonly returned: string;
  readonly unchanged: string;
  readonly moved: readonly { readonly id: string; readonly guid: string; readonly before: string }[];
  readonly fresh_containers: readonly string[];
  readonly displaced: readonly Displaced[];
  readonly left_scope: readonly string[];
  readonly written: readonly string[];
  readonly maybe_others: readonly string[];
  readonly dropped_addresses: readonly string[];
}
const applyObjectsSql = sqlFile<
  Applied,
  [rows: string, integration: string, epoch: number, firstEpoch: number, controller: string | null, told: boolean]
>('apply-objects');

export interface AppliedObjects {
  readonly totals: { seen: number; added: number; changed: number; returned: number; unchanged: number };
  /** Ids of the objects that are listed and no longer in scope. */
  readonly left: readonly string[];
  /** Ids of all that were written, those included whose name follows from another's. */
  readonly written: readonly string[];
  /** Ids of those of which it is to be decided anew who they are: see person-linking.ts. */
  readonly maybeOthers: readonly string[];
  /** Addresses that objects no longer claim. */
  readonly droppedAddresses: readonly string[];
}

/** Applies rows, each object once. `firstEpoch`: of the run; for changes the epoch. */
export async function applyObjects(
  tx: OrganisationTransaction,
  context: DirectoryContext & { readonly firstEpoch: number },
  origin: PageOrigin,
  given: readonly DirectoryRow[],
): Promise<AppliedObjects> {
  if (given.length === 0) return nothing;
  const { integration, epoch, firstEpoch } = context;
  const rows = await renewManagers(tx, context, await deriveNames(tx, context, origin, given));
  const [applied] = await applyObjectsSql(tx, rowParameter(rows), integration, epoch, firstEpoch, origin.controller, origin.told);
  if (applied === undefined) return nothing;
  const otherSids = await storeSids(tx, integration, rows, applied.written);

  await setAside(tx, integration, origin, applied.displaced);
  const byGuid = new Map(rows.map((row) => [row.guid, row]));
  const renamed = applied.moved.flatMap(({ id, guid, before }) => {
    const row = byGuid.get(guid);
    return row === undefined ? [] : [{ id, before, key: row.dnKey.toString('hex'), dn: row.dn }];
  });
  await renameReferences(tx, integration, origin, renamed);
  const roots = [...applied.moved, ...applied.displaced].map(({ guid }) => guid).concat(applied.fresh_containers);
  const below = await renameDescendants(tx, context, origin, roots);
  return {
    totals: {
      seen: Number(applied.seen),
      added: Number(applied.added),
      changed: Number(applied.changed),
      returned: Number(applied.returned),
      unchanged: Number(applied.unchanged),
    },
    left: [...applied.left_scope, ...below.left],
    written: [...applied.written, ...below.all],
    maybeOthers: [...applied.maybe_others, ...otherSids, ...below.turned],
    droppedAddresses: applied.dropped_addresses,
  };
}

const nothing: AppliedObjects = {
  totals: { seen: 0, added: 0, changed: 0, returned: 0, unchanged: 0 },
  left: [],
  written: [],
  maybeOthers: [],
  droppedAddresses: [],
};

/** A manager whom the page names as before a rename. */
async function renewManagers(
  tx: OrganisationTransaction,
  { integration }: DirectoryContext,
  rows: readonly DirectoryRow[],
): Promise<readonly DirectoryRow[]> {
  const names = await currentNames(tx, integration, rows.flatMap(({ managerKey }) => managerKey?.toString('hex') ?? []));
  if (names.size === 0) return rows;
  return rows.map((row) => {
    const now = row.managerKey === null ? undefined : names.get(row.managerKey.toString('hex'));
    if (now === undefined) return row;
    if (now === null) {
      const others = Object.entries(row.attributes).filter(([name]) => name !== 'manager');
      return { ...row, managerKey: null, attributes: Object.fromEntries(others) };
    }
    return { ...row, managerKey: Buffer.from(now.key, 'hex'), attributes: { ...row.attributes, manager: [now.dn] } };
  });
}
