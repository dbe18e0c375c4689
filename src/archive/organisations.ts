import { randomUUID } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import { type OrganisationId, organisationId } from '../shared/ids.ts';
import { type Database, type OrganisationTransaction, withOrganisation } from './database.ts';
import type { NameRange } from './keyset.ts';
import { nameTaken, NotFoundError } from './record-errors.ts';
import type { Tables } from './tables.ts';

export type OrganisationRow = Pick<Selectable<Tables['organisation']>, 'id' | 'name' | 'display_name' | 'created_at'>;

/** The part of the keyring that a new organisation needs. */
export interface OrganisationKeys {
  createOrganisationKey(tx: OrganisationTransaction, organisation: OrganisationId): Promise<void>;
}

const columns = ['id', 'name', 'display_name', 'created_at'] as const;

/**
 * Creates an organisation with its key, in one transaction of its own: there is none to be in before it exists.
 * @throws ConflictError `organisation.name-taken`
 */
export async function createOrganisation(
  database: Database,
  keys: OrganisationKeys,
  input: { readonly name: string; readonly displayName?: string | undefined },
): Promise<OrganisationRow> {
  const id = organisationId(randomUUID());
  return withOrganisation(database, id, async (tx) => {
    const row = await tx
      .insertInto('organisation')
      .values({ id, name: input.name, display_name: input.displayName ?? input.name })
      .returning(columns)
      .executeTakeFirstOrThrow()
      .catch(nameTaken('organisation', input.name));
    await keys.createOrganisationKey(tx, id);
    return row;
  });
}

/** All organisations by name. The one list that looks across them: for the installation, never for an organisation. */
export async function listOrganisations(database: Database, { after, limit }: NameRange = {}): Promise<OrganisationRow[]> {
  const { rows } = await sql<OrganisationRow>`
    select id, name, display_name, created_at from platform_organisations()
    where name > ${after ?? ''} order by name limit ${limit ?? null}`.execute(database);
  return rows;
}

/** @throws NotFoundError */
export async function findOrganisationByName(database: Database, name: string): Promise<OrganisationRow> {
  const { rows } = await sql<OrganisationRow>`
    select id, name, display_name, created_at from platform_organisations() where name = ${name}`.execute(database);
  const row = rows[0];
  if (row === undefined) throw new NotFoundError(`organisation "${name}"`);
  return row;
}

/** The organisation of this transaction. */
export const findOrganisation = (tx: OrganisationTransaction): Promise<OrganisationRow> =>
  tx.selectFrom('organisation').select(columns).executeTakeFirstOrThrow();

/** What the organisation decided, beside what it is called. */
export type OrganisationSettingsRow = OrganisationRow & { readonly leave_out_private: boolean };

const settingColumns = [...columns, 'leave_out_private'] as const;

/** The organisation of this transaction, with its decisions. */
export const findOrganisationSettings = (tx: OrganisationTransaction): Promise<OrganisationSettingsRow> =>
  tx.selectFrom('organisation').select(settingColumns).executeTakeFirstOrThrow();

/** Keeps other changes that take turns (numbers of runs, imports, first tokens) waiting until the end of the transaction. */
export async function holdOrganisation(tx: OrganisationTransaction): Promise<void> {
  // `no key update` lets the foreign keys of what is written meanwhile pass.
  await tx.selectFrom('organisation').select('id').forNoKeyUpdate().executeTakeFirstOrThrow();
}
