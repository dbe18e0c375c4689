/**
 * Whose mailboxes a mailbox group means now, as the synchronised directory says. One statement for any number of members: groups through
 * all levels, primary groups, foreign principals and several objects of one person as elsewhere in the archive.
 */
import { type RawBuilder, sql } from 'kysely';
import type { RecipientType } from '../shared/directory.ts';
import type { DirectoryObjectId, IntegrationId } from '../shared/ids.ts';
import type { MailboxGroupSource } from '../shared/tasks.ts';
import type { OrganisationTransaction } from './database.ts';
import { namedBy } from './directory-relations.ts';
import { groupsInside } from './group-nesting.ts';
import { findRecipients, type RecipientPosition, recipientPosition, recipientPositionOf } from './group-recipients.ts';
import { NotFoundError } from './record-errors.ts';

/** A mailbox on an Exchange server of the organisation's own. */
export interface ResolvedMailbox {
  /** Null: an address that no object of the archive has. Exchange may know it all the same. */
  readonly objectId: DirectoryObjectId | null;
  /** Its Exchange GUID, where the directory says it. */
  readonly guid: string | null;
  readonly address: string;
  readonly displayName: string;
  readonly recipientType: RecipientType;
}

/**
 * `pending`: named as a member, and not (yet) read. `missing`: gone from its directory. `left-out`: no person of the archive, by filter,
 * search base or e-mail domain. `online`: in Exchange Online. `no-mailbox`: no mailbox anywhere here. `no-address`: a mailbox without one.
 */
export const skipReasons = ['pending', 'missing', 'left-out', 'online', 'no-mailbox', 'no-address'] as const;
export type SkipReason = (typeof skipReasons)[number];
export interface SkippedMember {
  /** Its name, or as it was given: a DN. */
  readonly name: string;
  readonly address: string | null;
  readonly reason: SkipReason;
}

/** How old what was resolved from is. */
export interface DirectoryAge {
  readonly name: string;
  /** End of its last complete reading; null: none yet. */
  readonly read_at: Date | null;
  /** When its watcher last asked for changes; null: it is not watched. */
  readonly watched_at: Date | null;
}

export interface ResolvedGroup {
  /** Each once, by address. */
  readonly mailboxes: readonly ResolvedMailbox[];
  readonly skipped: readonly SkippedMember[];
  /** Those that its members, and the group, come from. */
  readonly directories: readonly DirectoryAge[];
}

/**
 * Resolves a group. Reads all of its members at once (10,000 are a few megabytes).
 * @throws NotFoundError when the group is gone from its directory
 * @throws ConflictError `group.filter-unreadable` for a dynamic group that only Exchange could resolve
 */
export async function resolveMailboxes(tx: OrganisationTransaction, source: MailboxGroupSource): Promise<ResolvedGroup> {
  if (source.kind === 'mailboxes') return resolved(tx, await lookUp(tx, byAddress(source.addresses)));
  const { rows } = await sql<{ integration_id: IntegrationId; present: boolean }>`
    select integration_id, missing_since is null and listed as present from directory_object where id = ${source.group}`.execute(tx);
  const [group] = rows;
  if (group === undefined || !group.present) throw new NotFoundError('such group in its directory any more');
  const { listed, dynamic } = await groupsInside(tx, source.group, true);
  const recipients: DirectoryObjectId[] = [];
  let position: RecipientPosition | undefined = dynamic.length === 0 ? undefined : recipientPositionOf(recipientPosition());
  while (position !== undefined) {
    const page = await findRecipients(tx, dynamic, position, RECIPIENTS_AT_ONCE);
    recipients.push(...page.found.filter((found) => !found.is_group).map(({ id }) => id));
    position = page.next === null ? undefined : recipientPositionOf(page.next);
  }
  return resolved(tx, await lookUp(tx, byMembership(listed, recipients)), group.integration_id);
}
const RECIPIENTS_AT_ONCE = 1000;

interface Found {
  /** A DN or an address. */
  readonly given: string;
  readonly typed: boolean;
  readonly id: DirectoryObjectId | null;
  readonly integration_id: IntegrationId | null;
  readonly guid: string | null;
  readonly address: string | null;
  readonly display_name: string | null;
  readonly recipient_type: RecipientType | null;
  readonly missing: boolean | null;
  readonly person: boolean | null;
}

/** `given`: a table (given, typed, id, person_id). Of several objects of a person the one that gives its mail attributes. */
async function lookUp(tx: OrganisationTransaction, given: RawBuilder<unknown>): Promise<readonly Found[]> {
  const { rows } = await sql<Found>`
    with given as materialized (${given}),
    -- Once for each mailbox, in whichever ways it was named.
    wanted as materialized (
      select distinct on (coalesce(p.mail_object, g.id), case when g.id is null then g.given end)
        g.given, g.typed, coalesce(p.mail_object, g.id) as id, p.sort_key is not null as person
      from given g
      left join lateral (select * from person p where p.id = g.person_id limit 1) p on true
      order by coalesce(p.mail_object, g.id), case when g.id is null then g.given end, g.given
    )
    select w.given, w.typed, w.id, o.integration_id, o.mailbox_guid as guid, mail.address, o.display_name, o.recipient_type,
      o.missing_since is not null as missing, w.person
    from wanted w
    left join lateral (select * from directory_object o where o.id = w.id limit 1) o on true
    left join lateral (select a.address from directory_address a where a.object_id = w.id and a.is_primary limit 1) mail on true
    order by coalesce(mail.address, w.given), w.id`.execute(tx);
  return rows;
}

const byMembership = (groups: readonly DirectoryObjectId[], recipients: readonly DirectoryObjectId[]) => sql`
  select k.dn as given, false as typed, who.id, who.person_id
  from (
    select distinct on (m.key) m.key, m.dn, m.integration_id
    from (
      select m.member_key as key, m.member_dn as dn, g.integration_id
      from unnest(${groups}::bigint[]) as inside (id)
      cross join lateral (select * from directory_object g where g.id = inside.id limit 1) g
      cross join lateral (select * from directory_member m where m.group_id = g.id offset 0) m
      union all
      select o.dn_key, o.dn, g.integration_id
      from unnest(${groups}::bigint[]) as inside (id)
      cross join lateral (select * from directory_object g where g.id = inside.id limit 1) g
      cross join lateral (select * from directory_object o where o.primary_group_sid = g.sid and o.in_source offset 0) o) m
    order by m.key, m.integration_id) k
  ${namedBy(sql`k.key`, sql`k.integration_id`, 'who')}
  where who.kind is null or who.kind not in ('group', 'dynamic-group')
  union all
  select o.dn, false, o.id, l.person_id
  from unnest(${recipients}::bigint[]) as recipient (id)
  cross join lateral (select * from directory_object o where o.id = recipient.id limit 1) o
  left join lateral (select l.person_id from person_link l where l.object_id = o.id and l.until is null limit 1) l on true`;

/** Of several that claim an address the one that holds it, as findHolder says. */
const byAddress = (addresses: readonly string[]) => sql`
  select typed.address as given, true as typed, who.id, who.person_id
  from unnest(${addresses}::text[]) as typed (address)
  left join lateral (
    select o.id, person.id as person_id
    from (select a.object_id from directory_address a where a.address = typed.address offset 0) a
    cross join lateral (select * from directory_object o where o.id = a.object_id limit 1) o
    left join lateral (
      select p.* from person_link l join person p on p.id = l.person_id where l.object_id = o.id and l.until is null limit 1) person on true
    where o.listed
    order by coalesce(person.mail_object, o.id) <> o.id, o.missing_since is not null, o.source_created nulls last, o.guid, o.id
    limit 1) who on true`;

const here: ReadonlySet<RecipientType> = new Set(['user-mailbox', 'linked-mailbox', 'shared-mailbox', 'room-mailbox', 'equipment-mailbox']);
const online: ReadonlySet<RecipientType> = new Set([
  'remote-user-mailbox',
  'remote-shared-mailbox',
  'remote-room-mailbox',
  'remote-equipment-mailbox',
]);

async function resolved(tx: OrganisationTransaction, found: readonly Found[], group?: IntegrationId): Promise<ResolvedGroup> {
  const mailboxes: ResolvedMailbox[] = [];
  const skipped: SkippedMember[] = [];
  for (const row of found) {
    const outcome = mailboxOf(row);
    if (typeof outcome === 'string') skipped.push({ name: row.display_name ?? row.given, address: row.address, reason: outcome });
    else mailboxes.push(outcome);
  }
  const integrations = new Set(found.flatMap(({ integration_id: id }) => id ?? []));
  if (group !== undefined) integrations.add(group);
  return { mailboxes, skipped, directories: await agesOf(tx, [...integrations]) };
}

function mailboxOf({ given, typed, id, guid, address, display_name: displayName, recipient_type: recipientType, missing, person }: Found): ResolvedMailbox | SkipReason {
  if (id === null || displayName === null || recipientType === null) {
    // Somebody who types an address knows more than a directory that was read in part.
    return typed ? { objectId: null, guid: null, address: given, displayName: given, recipientType: 'other' } : 'pending';
  }
  if (missing === true) return 'missing';
  if (!here.has(recipientType) && !online.has(recipientType)) return 'no-mailbox';
  if (person !== true) return 'left-out';
  if (online.has(recipientType)) return 'online';
  return address === null ? 'no-address' : { objectId: id, guid, address, displayName, recipientType };
}

async function agesOf(tx: OrganisationTransaction, integrations: readonly IntegrationId[]): Promise<DirectoryAge[]> {
  const { rows } = await sql<DirectoryAge>`
    select i.name, i.watched_at, (
      select r.finished_at from run r
      where r.integration_id = i.id and r.kind = 'directory-sync' and r.state in ('succeeded', 'partial', 'held')
      order by r.number desc limit 1) as read_at
    from directory_integration i
    where i.id = any (${integrations}::uuid[])
    order by i.name`.execute(tx);
  return rows;
}
