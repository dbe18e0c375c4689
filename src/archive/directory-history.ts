/**
 * What happened to a person or a group, and by which run: read from the former rows that the archive keeps
 * (src/archive/migrations/0002_directory_history.sql). A change is what differs between two of them.
 */
import { sql } from 'kysely';
import type { AttributeChange } from '../shared/directory-plan.ts';
import type { DirectoryObjectId, PersonId, RunId } from '../shared/ids.ts';
import { attributeChanges } from './attribute-changes.ts';
import type { OrganisationTransaction } from './database.ts';
import { groupId } from './groups.ts';
import { type KeysetPage, keysetPage } from './keyset.ts';
import { findPersonId } from './people.ts';
import { InvalidInputError } from './record-errors.ts';
import { sqlFile } from './sql-file.ts';

export type HistoryEventKind =
  | 'added' | 'changed' | 'renamed' | 'enabled' | 'disabled' | 'removed' | 'returned' | 'deleted'
  | 'linked' | 'unlinked' | 'joined' | 'left';

export interface HistoryEvent {
  at: string;
  kind: HistoryEventKind;
  /** That made it. Null: it was told as a change, between runs. */
  run: { id: string; number: number } | null;
  /** Directory of the object that changed; null where it is none (groups joined and left). */
  directory: string | null;
  changes: readonly AttributeChange[];
  /** Of `linked` and `unlinked`: why the objects are one person. */
  rule: string | null;
  /** Of a person that joined or left it; `id` null: it is not known by now. */
  group: { id: string | null; displayName: string } | null;
  /** Of a group that it joined or left. */
  member: { dn: string } | null;
}

interface HistoryQuery {
  /** `next` of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

interface EventRow {
  readonly what: 'added' | 'changed' | 'linked' | 'unlinked' | 'joined' | 'left';
  readonly at: Date;
  readonly micros: string;
  readonly place: string;
  readonly ref: string;
  readonly object_id: string | null;
  readonly run: RunId | null;
  readonly rule?: string | null;
  readonly group_id?: string | null;
  readonly member_dn?: string | null;
}
type EventParameters = [subject: string, micros: string, place: string, limit: number];
const personEventsSql = sqlFile<EventRow, EventParameters>('person-events');
const groupEventsSql = sqlFile<EventRow, EventParameters>('group-events');

/**
 * What happened to a person, newest first. A page may have fewer than `limit` and still have a `next`.
 * @throws NotFoundError, InvalidInputError when `after` is none of this list's
 */
export async function personHistory(tx: OrganisationTransaction, idOrAddress: string, query: HistoryQuery): Promise<KeysetPage<HistoryEvent>> {
  return history(tx, personEventsSql, await findPersonId(tx, idOrAddress), query);
}

/** What happened to a group; as personHistory. @throws ConflictError `group.name-ambiguous` too */
export async function groupHistory(tx: OrganisationTransaction, idOrAddressOrName: string, query: HistoryQuery): Promise<KeysetPage<HistoryEvent>> {
  return history(tx, groupEventsSql, await groupId(tx, idOrAddressOrName), query);
}

async function history(
  tx: OrganisationTransaction,
  events: typeof personEventsSql,
  subject: PersonId | DirectoryObjectId,
  { after, limit }: HistoryQuery,
): Promise<KeysetPage<HistoryEvent>> {
  const { micros, place } = positionOf(after);
  const page = keysetPage(await events(tx, subject, micros, place, limit + 1), limit, (row) => encodePosition(row));
  const changes = await objectChanges(tx, page.items.flatMap(({ what, ref }) => (what === 'changed' ? ref : [])));
  const runs = await runNumbers(tx, page.items.flatMap(({ run }) => run ?? []));
  const groups = await groupNames(tx, page.items.flatMap(({ group_id: group }) => group ?? []));
  const directories = await directoriesOf(tx, page.items.flatMap(({ object_id: object }) => object ?? []));
  return {
    ...page,
    items: page.items.flatMap((row): HistoryEvent[] => {
      const number = row.run === null ? undefined : runs.get(row.run);
      const event = {
        at: row.at.toISOString(),
        run: row.run === null || number === undefined ? null : { id: row.run, number },
        directory: row.object_id === null ? null : (directories.get(row.object_id) ?? null),
        changes: [],
        rule: row.rule ?? null,
        group: row.group_id == null ? null : (groups.get(row.group_id) ?? { id: null, displayName: '' }),
        member: row.member_dn == null ? null : { dn: row.member_dn },
      };
      if (row.what !== 'changed') return [{ ...event, kind: row.what }];
      const change = changes.get(row.ref);
      // What nobody sees: a fact whose effect is held back, or the state of one who was never listed.
      if (change === undefined || (change.kind === 'changed' && change.changes.length === 0)) return [];
      return [{ ...event, ...change }];
    }),
  };
}

interface StateRow {
  readonly past_id: string;
  readonly integration: string;
  readonly dn_before: string;
  readonly listed_before: boolean;
  readonly missing_before: boolean;
  readonly disabled_before: boolean;
  readonly attributes_before: Readonly<Record<string, readonly string[]>>;
  readonly dn: string;
  readonly listed: boolean;
  readonly missing: boolean;
  readonly disabled: boolean;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}
const objectChangesSql = sqlFile<StateRow, [pastIds: readonly string[]]>('object-changes');

type ObjectChange = Pick<HistoryEvent, 'kind' | 'changes' | 'directory'>;

async function objectChanges(tx: OrganisationTransaction, pastIds: readonly string[]): Promise<Map<string, ObjectChange>> {
  if (pastIds.length === 0) return new Map();
  return new Map((await objectChangesSql(tx, pastIds)).map((row) => [row.past_id, { kind: kindOf(row), changes: attributeChanges({ dn: row.dn_before, attributes: row.attributes_before }, row), directory: row.integration }]));
}

/** The one that matters most. */
function kindOf(row: StateRow): HistoryEventKind {
  if (!row.listed_before && row.listed) return 'added';
  if (!row.missing_before && row.missing) return 'removed';
  if (row.missing_before && !row.missing) return 'returned';
  // For as long as the settings say: it is no longer shown.
  if (row.listed_before && !row.listed) return 'deleted';
  if (row.disabled_before !== row.disabled) return row.disabled ? 'disabled' : 'enabled';
  return row.dn_before === row.dn ? 'changed' : 'renamed';
}

async function runNumbers(tx: OrganisationTransaction, runs: readonly RunId[]): Promise<Map<RunId, number>> {
  if (runs.length === 0) return new Map();
  const rows = await tx.selectFrom('run').select(['id', 'number']).where('id', 'in', [...new Set(runs)]).execute();
  return new Map(rows.map(({ id, number }) => [id, Number(number)]));
}

async function groupNames(tx: OrganisationTransaction, groups: readonly string[]): Promise<Map<string, NonNullable<HistoryEvent['group']>>> {
  if (groups.length === 0) return new Map();
  const { rows } = await sql<{ id: string; displayName: string }>`
    select o.id::text, o.display_name as "displayName"
    from unnest(${[...new Set(groups)]}::bigint[]) as given (id)
    cross join lateral (select * from directory_object o where o.id = given.id limit 1) o`.execute(tx);
  return new Map(rows.map((row) => [row.id, row]));
}

async function directoriesOf(tx: OrganisationTransaction, objects: readonly string[]): Promise<Map<string, string>> {
  if (objects.length === 0) return new Map();
  const { rows } = await sql<{ id: string; name: string }>`
    select o.id::text, i.name
    from unnest(${[...new Set(objects)]}::bigint[]) as given (id)
    cross join lateral (select * from directory_object o where o.id = given.id limit 1) o
    join directory_integration i on i.id = o.integration_id`.execute(tx);
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** Of an event after all others. */
const beginning = { micros: '9223372036854775807', place: '' };

const encodePosition = ({ micros, place }: EventRow): string => Buffer.from(JSON.stringify([micros, place])).toString('base64url');

function positionOf(after: string | undefined): { micros: string; place: string } {
  if (after === undefined) return beginning;
  try {
    const value: unknown = JSON.parse(Buffer.from(after, 'base64url').toString('utf8'));
    if (Array.isArray(value) && value.length === 2) {
      const [micros, place] = value as unknown[];
      if (typeof micros === 'string' && /^\d{1,18}$/.test(micros) && typeof place === 'string' && /^[a-z]+ [0-9a-f]+$/.test(place)) return { micros, place };
    }
  } catch {
    // Not ours.
  }
  throw new InvalidInputError([{ path: '/after', message: 'is no `next` of a page of this list' }]);
}
