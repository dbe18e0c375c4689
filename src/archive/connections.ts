/** Exchange servers that mailboxes are read from, each by one site. */
import { randomUUID } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import { connectionId, type ConnectionId, type OrganisationId, type SiteId } from '../shared/ids.ts';
import type { ConnectionSettings } from '../shared/mailbox-contract.ts';
import { openRunStates } from '../shared/runs.ts';
import { connectionIssues } from './connection-rules.ts';
import type { OrganisationTransaction } from './database.ts';
import { refuseWhileUsed } from './in-use.ts';
import type { NameRange } from './keyset.ts';
import { ConflictError, InvalidInputError, nameTaken, NotFoundError } from './record-errors.ts';
import type { Tables } from './tables.ts';

/** Of the credential only whether and since when there is one. */
export type ConnectionView = Omit<Selectable<Tables['exchange_connection']>, 'credential' | 'settings' | 'org_id'> & {
  readonly settings: ConnectionSettings;
  readonly site_name: string;
  readonly has_credential: boolean;
  /** Known mailboxes that are read through it. */
  readonly mailboxes: number;
};

const connections = (tx: OrganisationTransaction) =>
  tx
    .selectFrom('exchange_connection as connection')
    .innerJoin('site', 'site.id', 'connection.site_id')
    .select((eb) => [
      'connection.id',
      'connection.site_id',
      'connection.name',
      'connection.description',
      'connection.settings',
      'connection.credential_changed_at',
      'connection.hints_trusted',
      'connection.refused_at',
      'connection.refused_error',
      'connection.created_at',
      'connection.changed_at',
      'site.name as site_name',
      sql<boolean>`connection.credential is not null`.as('has_credential'),
      eb
        .selectFrom('mailbox')
        .whereRef('mailbox.connection_id', '=', 'connection.id')
        .select(({ fn }) => fn.countAll<string>().as('count'))
        .as('mailboxes'),
    ]);
type ConnectionQueryRow = Awaited<ReturnType<ReturnType<typeof connections>['executeTakeFirstOrThrow']>>;
const view = (row: ConnectionQueryRow): ConnectionView => ({ ...row, mailboxes: Number(row.mailboxes) });

/** By name. */
export async function listConnections(tx: OrganisationTransaction, range: NameRange = {}): Promise<ConnectionView[]> {
  let found = connections(tx).orderBy('connection.name');
  if (range.after !== undefined) found = found.where('connection.name', '>', range.after);
  if (range.limit !== undefined) found = found.limit(range.limit);
  return (await found.execute()).map(view);
}

/** @throws NotFoundError */
export async function findConnection(tx: OrganisationTransaction, name: string): Promise<ConnectionView> {
  const row = await connections(tx).where('connection.name', '=', name).executeTakeFirst();
  if (row === undefined) throw new NotFoundError(`connection "${name}"`);
  return view(row);
}

/** Finds it and keeps others from changing it until the end of the transaction. @throws NotFoundError */
export async function holdConnection(tx: OrganisationTransaction, name: string): Promise<ConnectionView> {
  await tx.selectFrom('exchange_connection').select('id').where('name', '=', name).forUpdate().execute();
  return findConnection(tx, name);
}

export interface NewConnection {
  /** Given by the caller, because the credential is sealed to it. */
  readonly id: ConnectionId;
  readonly siteId: SiteId;
  readonly name: string;
  readonly description?: string | undefined;
  readonly settings: ConnectionSettings;
  /** Sealed to the site, then encrypted with the organisation's key. */
  readonly credential: Buffer;
}
export const newConnectionId = (): ConnectionId => connectionId(randomUUID());

/** @throws InvalidInputError; ConflictError `connection.name-taken` */
export async function createConnection(tx: OrganisationTransaction, organisation: OrganisationId, input: NewConnection): Promise<ConnectionView> {
  refuseNonsense(input.settings);
  await tx
    .insertInto('exchange_connection')
    .values({
      id: input.id,
      org_id: organisation,
      site_id: input.siteId,
      name: input.name,
      description: input.description ?? '',
      settings: JSON.stringify(input.settings),
      credential: input.credential,
      credential_changed_at: sql<Date>`now()`,
    })
    .execute()
    .catch(nameTaken('connection', input.name));
  return findConnection(tx, input.name);
}

/** Absent = unchanged; `settings` replaces all settings. */
export interface ConnectionChange {
  readonly description?: string | undefined;
  readonly settings?: ConnectionSettings | undefined;
  readonly credential?: Buffer | undefined;
}

/** @throws InvalidInputError, NotFoundError */
export async function changeConnection(tx: OrganisationTransaction, name: string, change: ConnectionChange): Promise<ConnectionView> {
  if (change.settings !== undefined) refuseNonsense(change.settings);
  await tx
    .updateTable('exchange_connection')
    .set({
      changed_at: sql<Date>`now()`,
      ...(change.description === undefined ? {} : { description: change.description }),
      // Another server may tell its changes well.
      ...(change.settings === undefined
        ? {}
        : { settings: JSON.stringify(change.settings), hints_trusted: sql<boolean>`hints_trusted or settings ->> 'url' <> ${change.settings.url}` }),
      ...(change.credential === undefined ? {} : { credential: change.credential, credential_changed_at: sql<Date>`now()` }),
    })
    .where('name', '=', name)
    .execute();
  return findConnection(tx, name);
}

/**
 * Removes it with the runs of its tests. What was read through it stays.
 * @throws NotFoundError
 * @throws ConflictError `connection.in-use` with the names of the tasks that need it, `connection.run-open`
 */
export async function removeConnection(tx: OrganisationTransaction, name: string): Promise<void> {
  const { id } = await holdConnection(tx, name);
  refuseWhileUsed({ codePrefix: 'connection', words: 'connection' }, name, await tasksThatNeed(tx, id));
  const runs = await tx.selectFrom('run').select('state').where('connection_id', '=', id).where('state', 'in', [...openRunStates]).execute();
  if (runs.length > 0) {
    throw new ConflictError({
      code: 'connection.run-open',
      message: `A test of the connection "${name}" is open.`,
      next: 'Wait until it ends, or cancel it: POST /api/v1/runs/{id}/cancel.',
    });
  }
  await tx.deleteFrom('run').where('connection_id', '=', id).execute();
  await tx.updateTable('mailbox').set({ connection_id: null }).where('connection_id', '=', id).execute();
  await tx.deleteFrom('exchange_connection').where('id', '=', id).execute();
}

/** Those that read a mailbox through it, and where it is the only one of its site all of that site. By name. */
async function tasksThatNeed(tx: OrganisationTransaction, connection: ConnectionId): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select task.name from task
    where task.id in (
        select owner.task_id from mailbox join mailbox_owner owner on owner.mailbox_id = mailbox.id where mailbox.connection_id = ${connection})
      or exists (
        select from exchange_connection own
        where own.id = ${connection} and own.site_id = task.site_id
          and not exists (select from exchange_connection other where other.site_id = own.site_id and other.id <> own.id))
    order by task.name`.execute(tx);
  return rows.map((row) => row.name);
}

function refuseNonsense(settings: ConnectionSettings): void {
  const issues = connectionIssues(settings);
  if (issues.length > 0) throw new InvalidInputError(issues);
}
