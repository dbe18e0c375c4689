/** What an administrator changes at a connection. */
import {
  changeConnection as change,
  type ConnectionView,
  createConnection as create,
  findConnection,
  holdConnection,
  newConnectionId,
} from '../archive/connections.ts';
import { type OrganisationTransaction, withOrganisation } from '../archive/database.ts';
import { InvalidInputError } from '../archive/record-errors.ts';
import { findOptionalSite, findSite, holdSealKey } from '../archive/sites.ts';
import { connectionCredentialInfo } from '../security/seal.ts';
import type { OrganisationId } from '../shared/ids.ts';
import type { ConnectionSettings } from '../shared/mailbox-contract.ts';
import type { RouteDependencies } from './dependencies.ts';
import type { ConnectionChange, NewConnection } from './schemas/connections.ts';
import { sealCredential } from './seal-credential.ts';

/**
 * The password is sealed to the site before anything is stored, and nothing else of it is kept.
 * @throws InvalidInputError; ConflictError `connection.name-taken`, `site.not-enrolled`, `site.keys-changed`
 */
export async function createConnection(
  { database, keyring }: RouteDependencies,
  organisation: OrganisationId,
  { site: siteName, password, ...input }: NewConnection,
): Promise<ConnectionView> {
  const id = newConnectionId();
  const site = await withOrganisation(database, organisation, (tx) => findOptionalSite(tx, siteName));
  if (site === undefined) throw new InvalidInputError([{ path: '/site', message: `there is no site "${siteName}"` }]);
  const sealed = await sealCredential(keyring, organisation, site, { info: connectionCredentialInfo(id), password });
  return withOrganisation(database, organisation, async (tx) => {
    await holdSealKey(tx, site.id, sealed.sealPublicKey);
    return create(tx, organisation, { ...input, id, siteId: site.id, credential: sealed.bytes });
  });
}

/**
 * Changes what is given.
 * @throws NotFoundError; InvalidInputError, also for a password that would go elsewhere and is not given
 * @throws ConflictError `site.not-enrolled`, `site.keys-changed`
 */
export async function changeConnection(
  { database, keyring }: RouteDependencies,
  organisation: OrganisationId,
  name: string,
  { password, ...changed }: ConnectionChange,
): Promise<ConnectionView> {
  const found = await withOrganisation(database, organisation, async (tx) => {
    const connection = await findConnection(tx, name);
    return { connection, site: await findSite(tx, connection.site_name) };
  });
  const sealed =
    password === undefined
      ? undefined
      : await sealCredential(keyring, organisation, found.site, { info: connectionCredentialInfo(found.connection.id), password });
  return withOrganisation(database, organisation, async (tx) => {
    if (sealed !== undefined) await holdSealKey(tx, found.site.id, sealed.sealPublicKey);
    else if (changed.settings !== undefined) await refuseRedirection(tx, name, changed.settings);
    return change(tx, name, { ...changed, credential: sealed?.bytes });
  });
}

/**
 * Where a password is sent, as whom, and how well it is protected on the way. Who may change settings need not know it, and must not
 * learn it by having it sent to a server of their own.
 */
const destination = {
  url: (settings) => settings.url,
  authentication: (settings) => settings.authentication,
  account: (settings) => settings.account,
  oauth: (settings) => `${settings.oauth?.authority ?? ''} ${settings.oauth?.scope ?? ''}`,
  caPem: (settings) => settings.caPem,
  proxy: (settings) => settings.proxy,
} satisfies Partial<Record<keyof ConnectionSettings, (settings: ConnectionSettings) => string | undefined>>;

async function refuseRedirection(tx: OrganisationTransaction, name: string, settings: ConnectionSettings): Promise<void> {
  // Held, so that a password that is being set at the same time cannot be carried along.
  const before = await holdConnection(tx, name);
  const changed = Object.entries(destination).flatMap(([key, of]) => (of(before.settings) === of(settings) ? [] : key));
  if (!before.has_credential || changed.length === 0) return;
  throw new InvalidInputError([
    { path: '/password', message: `is needed, because ${changed.join(', ')} changed: a stored password is not sent to another place` },
  ]);
}
