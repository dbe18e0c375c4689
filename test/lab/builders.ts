/** Valid rows and directory entries for tests. Every builder takes overrides; rows are written as the owner. */
import { randomUUID } from 'node:crypto';
import type { Insertable, Selectable } from 'kysely';
import type { Database } from '../../src/archive/database.ts';
import type { Tables } from '../../src/archive/tables.ts';
import type { DirectoryEntry, DirectoryMembers, DirectoryPage, DirectorySettings } from '../../src/shared/directory.ts';
import { integrationId, organisationId, runId, siteId } from '../../src/shared/ids.ts';
import { type DirectoryRunRow, isDirectoryRun } from '../../src/archive/runs.ts';
import { runWorkflowId } from '../../src/shared/names.ts';

type Row<Table extends keyof Tables> = Selectable<Tables[Table]>;
type Overrides<Table extends keyof Tables> = Partial<Insertable<Tables[Table]>>;

let names = 0;
/** A slug that no other row of this test process has. */
export const uniqueName = (kind: string): string => `${kind}-${process.pid.toString(36)}-${(++names).toString(36)}`;

export function anOrganisation(
  owner: Database,
  overrides: Overrides<'organisation'> = {},
): Promise<Row<'organisation'>> {
  const name = overrides.name ?? uniqueName('org');
  return owner
    .insertInto('organisation')
    .values({ id: organisationId(randomUUID()), name, display_name: name, ...overrides })
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** An enrolled site. */
export function aSite(
  owner: Database,
  organisation: Pick<Row<'organisation'>, 'id'>,
  overrides: Overrides<'site'> = {},
): Promise<Row<'site'>> {
  return owner
    .insertInto('site')
    .values({
      id: siteId(randomUUID()),
      org_id: organisation.id,
      name: uniqueName('site'),
      state: 'enrolled',
      ...overrides,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

export const directorySettings = (overrides: Partial<DirectorySettings> = {}): DirectorySettings => ({
  host: 'dc1.corp.example',
  security: 'ldaps',
  account: 'svc@corp.example',
  baseDn: 'DC=corp,DC=example',
  acknowledgeDisabled: true,
  ...overrides,
});

/** An active integration of the site, with no credential and no schedule. */
export function anIntegration(
  owner: Database,
  site: Pick<Row<'site'>, 'id' | 'org_id'>,
  {
    settings,
    ...overrides
  }: Omit<Overrides<'directory_integration'>, 'settings'> & { settings?: Partial<DirectorySettings> } = {},
): Promise<Row<'directory_integration'>> {
  return owner
    .insertInto('directory_integration')
    .values({
      id: integrationId(randomUUID()),
      org_id: site.org_id,
      site_id: site.id,
      name: uniqueName('dir'),
      settings: JSON.stringify(directorySettings(settings)),
      ...overrides,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** A running `directory-sync` run, numbered as the product numbers runs. */
export async function aRun(
  owner: Database,
  integration: Pick<Row<'directory_integration'>, 'id' | 'org_id' | 'name'>,
  overrides: Overrides<'run'> = {},
): Promise<DirectoryRunRow> {
  const organisation = await owner
    .updateTable('organisation')
    .set((eb) => ({ next_run_number: eb('next_run_number', '+', '1') }))
    .where('id', '=', integration.org_id)
    .returning(['name', 'next_run_number'])
    .executeTakeFirstOrThrow();
  const number = Number(organisation.next_run_number) - 1;
  const kind = overrides.kind ?? 'directory-sync';
  const run = await owner
    .insertInto('run')
    .values({
      id: runId(randomUUID()),
      org_id: integration.org_id,
      integration_id: integration.id,
      number,
      kind,
      trigger: 'manual',
      state: 'running',
      workflow_id: runWorkflowId(kind, organisation.name, integration.name, number),
      ...overrides,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  if (!isDirectoryRun(run)) throw new Error('no run of a directory');
  return run;
}

/** Organisation, site and integration at once. */
export async function aDirectory(owner: Database, settings: Partial<DirectorySettings> = {}) {
  const organisation = await anOrganisation(owner);
  const site = await aSite(owner, organisation);
  const integration = await anIntegration(owner, site, { settings });
  return { organisation, site, integration };
}

/** Ends the run, so that the next of its kind may be made. */
export async function endRun(
  owner: Database,
  run: Pick<Row<'run'>, 'id'>,
  state: 'succeeded' | 'failed' | 'cancelled' = 'succeeded',
) {
  await owner.updateTable('run').set({ state, finished_at: new Date() }).where('id', '=', run.id).execute();
}

/* ---- what a source says ---- */

interface EntryOverrides {
  readonly guid?: string;
  readonly dn?: string;
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
}
const entry = (name: string, attributes: DirectoryEntry['attributes'], overrides: EntryOverrides): DirectoryEntry => ({
  guid: overrides.guid ?? randomUUID(),
  dn: overrides.dn ?? `CN=${name},OU=People,DC=corp,DC=example`,
  attributes: { ...attributes, ...overrides.attributes },
});
const addressName = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '.');

/** A mailbox user `Ada Example` = ada.example@corp.example with one alias. */
export const userEntry = (name: string, overrides: EntryOverrides = {}): DirectoryEntry => {
  const local = addressName(name);
  return entry(
    name,
    {
      objectClass: ['top', 'person', 'organizationalPerson', 'user'],
      cn: [name],
      displayName: [name],
      sAMAccountName: [local.slice(0, 20)],
      userPrincipalName: [`${local}@corp.example`],
      mail: [`${local}@corp.example`],
      proxyAddresses: [`SMTP:${local}@corp.example`, `smtp:${local}@alias.example`],
      userAccountControl: ['512'],
      msExchRecipientTypeDetails: ['1'],
      whenCreated: ['20240102030405.0Z'],
    },
    overrides,
  );
};

export const contactEntry = (name: string, overrides: EntryOverrides = {}): DirectoryEntry =>
  entry(
    name,
    {
      objectClass: ['top', 'person', 'organizationalPerson', 'contact'],
      cn: [name],
      displayName: [name],
      mail: [`${addressName(name)}@partner.example`],
      targetAddress: [`SMTP:${addressName(name)}@partner.example`],
      whenCreated: ['20240102030405.0Z'],
    },
    overrides,
  );

/** A mail-enabled universal security group. */
export const groupEntry = (name: string, overrides: EntryOverrides = {}): DirectoryEntry =>
  entry(
    name,
    {
      objectClass: ['top', 'group'],
      cn: [name],
      displayName: [name],
      sAMAccountName: [name],
      mail: [`${addressName(name)}@corp.example`],
      proxyAddresses: [`SMTP:${addressName(name)}@corp.example`],
      groupType: ['-2147483640'],
      msExchRecipientTypeDetails: ['1024'],
      whenCreated: ['20240102030405.0Z'],
    },
    overrides,
  );

/** All members of a group in one part. */
export const membersOf = (
  group: DirectoryEntry,
  members: readonly (DirectoryEntry | string)[],
  last = true,
): DirectoryMembers => ({
  guid: group.guid,
  dns: members.map((member) => (typeof member === 'string' ? member : member.dn)),
  last,
});

export const directoryPage = (page: Partial<DirectoryPage> = {}): DirectoryPage => ({
  entries: [],
  members: [],
  problems: [],
  last: false,
  ...page,
});
