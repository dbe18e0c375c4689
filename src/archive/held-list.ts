/** What is held, as people see it: sets, and the objects of one run's. */
import { sql } from 'kysely';
import type { DirectoryObjectKind, RemovalKind } from '../shared/directory.ts';
import type { HeldKind, HeldState } from '../shared/held.ts';
import type { IntegrationId, PersonId, RunId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { pending } from './directory-removals.ts';
import { isBigintId } from './directory-list.ts';
import { type KeysetPage, keysetPage } from './keyset.ts';
import { InvalidInputError } from './record-errors.ts';

export interface HeldSet {
  readonly run: RunId;
  readonly runNumber: string;
  readonly integration: IntegrationId;
  readonly kind: HeldKind;
  readonly objects: number;
  readonly reason: string;
  readonly state: HeldState;
  readonly heldAt: Date;
  readonly resolvedAt: Date | null;
  /** Label of the token with which it was decided. */
  readonly resolvedBy: string | null;
  readonly resolvedObjects: number | null;
}

const sets = (tx: OrganisationTransaction) =>
  tx
    .selectFrom('held_set as held')
    .innerJoin('run', 'run.id', 'held.run_id')
    .leftJoin('api_token as token', 'token.id', 'held.resolved_by')
    .select([
      'held.run_id as run',
      'run.number as runNumber',
      'held.integration_id as integration',
      'held.kind',
      sql<number>`held.objects::int`.as('objects'),
      'held.reason',
      'held.state',
      'held.held_at as heldAt',
      'held.resolved_at as resolvedAt',
      'token.label as resolvedBy',
      sql<number | null>`held.resolved_objects::int`.as('resolvedObjects'),
    ])
    .orderBy('run.number')
    .orderBy('held.kind');

/** What a run held, and what became of it. */
export const listHeldSets = (tx: OrganisationTransaction, run: RunId): Promise<HeldSet[]> => sets(tx).where('held.run_id', '=', run).execute();

/** What waits for a decision in these directories. */
export const listOpenSets = (tx: OrganisationTransaction, integrations: readonly IntegrationId[]): Promise<HeldSet[]> =>
  integrations.length === 0
    ? Promise.resolve([])
    : sets(tx).where('held.state', '=', 'open').where('held.integration_id', 'in', [...integrations]).execute();

/** `gone`: no longer in the directory. `out-of-scope`: no longer within search bases, filter and mail domains, or without an address. `disabled`: the account. */
export type HeldWhy = 'gone' | 'out-of-scope' | 'disabled';

export interface HeldObject {
  readonly id: string;
  readonly kind: RemovalKind;
  readonly guid: string;
  readonly object: DirectoryObjectKind;
  /** Null for groups. */
  readonly person: PersonId | null;
  readonly subject: string;
  readonly dn: string;
  readonly why: HeldWhy;
  /** False: it came back, or was decided on. */
  readonly pending: boolean;
}

export interface HeldQuery {
  readonly kind?: RemovalKind | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

/**
 * The objects that a run held, by kind, each kind in the order in which they were first seen. Empty once a later run has decided anew.
 * @throws InvalidInputError when `after` is none of this list's
 */
export async function listHeldObjects(tx: OrganisationTransaction, run: RunId, { kind, after, limit }: HeldQuery): Promise<KeysetPage<HeldObject>> {
  const [afterKind, afterId] = after === undefined ? ['', '0'] : positionOf(after);
  const { rows } = await sql<HeldObject>`
    select o.id::text, held.kind, o.guid, o.kind as object, link.person_id as person,
      case when mail.address is null then o.display_name else format('%s <%s>', o.display_name, mail.address) end as subject, o.dn,
      case when held.kind = 'disable' then 'disabled' when o.in_source then 'out-of-scope' else 'gone' end as why,
      case held.kind when 'disable' then ${pending.disable} when 'deletion' then ${pending.deletion} else ${pending['group-removal']} end as pending
    from (
      select c.kind, c.object_id from held_change c
      where c.run_id = ${run} and (c.kind, c.object_id) > (${afterKind}, ${afterId}::bigint) and ${kind === undefined ? sql`true` : sql`c.kind = ${kind}`}
      order by c.kind, c.object_id
      limit ${limit + 1}) held
    cross join lateral (select * from directory_object o where o.id = held.object_id limit 1) o
    left join lateral (
      select coalesce(p.merged_into, p.id) as person_id
      from person_link l join person p on p.id = l.person_id
      where l.object_id = o.id and l.until is null limit 1) link on true
    left join lateral (
      select a.address from directory_address a where a.object_id = o.id and a.is_primary limit 1) mail on true
    order by held.kind, held.object_id`.execute(tx);
  return keysetPage(rows, limit, (row) => `${row.kind}.${row.id}`);
}

function positionOf(after: string): readonly [kind: string, id: string] {
  const [kind = '', id = '', ...rest] = after.split('.');
  if (/^[a-z-]{1,20}$/.test(kind) && isBigintId(id) && rest.length === 0) return [kind, id];
  throw new InvalidInputError([{ path: '/after', message: 'is no `next` of a page of this list' }]);
}
