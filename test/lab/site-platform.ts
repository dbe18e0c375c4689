/** The platform as sites see it: the real API over a real database, and machines that enrol there. */
import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createApi } from '../../src/api/server.ts';
import { withOrganisation } from '../../src/archive/database.ts';
import { findSite, issueEnrolmentCode } from '../../src/archive/sites.ts';
import { Keyring } from '../../src/security/keyring.ts';
import { type MasterKey, masterKeyOf } from '../../src/security/master-key.ts';
import { enrolThisSite, type SiteIdentity } from '../../src/security/site-identity.ts';
import { createSitePlatform, type SitePlatform } from '../../src/security/site-platform.ts';
import { createSiteTokenProvider, type SiteTokenProvider } from '../../src/security/site-token-provider.ts';
import type { OrganisationId, SiteId } from '../../src/shared/ids.ts';
import { RecordingEngine } from './api.ts';
import { labBlobs } from './blobs.ts';
import { anOrganisation, aSite } from './builders.ts';
import { labFolder } from './component.ts';
import { freshDatabase, type LabDatabase } from './postgres.ts';

export interface PlatformLab {
  readonly database: LabDatabase;
  readonly masterKey: MasterKey;
  readonly keyring: Keyring;
  readonly app: FastifyInstance;
  readonly url: string;
  readonly organisation: { readonly id: OrganisationId; readonly name: string };
  close(): Promise<void>;
}

/** `gateway`: what sites are told, when there is one. */
export async function platformLab(gateway = { address: '127.0.0.1:1', tls: false, namespace: 'lab' }): Promise<PlatformLab> {
  const database = await freshDatabase();
  const masterKey = masterKeyOf(randomBytes(32));
  const keyring = await Keyring.open(database.app, masterKey);
  const blobs = await labBlobs(keyring);
  const organisation = await organisationWithKey(database, keyring);
  const app = await createApi({
    database: database.app,
    keyring,
    blobs: blobs.storage,
    largestBlobBytes: 500_000_000,
    engine: new RecordingEngine(),
    logger: pino({ level: 'silent' }),
    registry: new Registry(),
    version: '0.0.0-test',
    gateway,
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    database,
    masterKey,
    keyring,
    app,
    url,
    organisation,
    async close() {
      await app.close();
      await blobs.close();
      await database.close();
    },
  };
}

export async function organisationWithKey(database: LabDatabase, keyring: Keyring) {
  const organisation = await anOrganisation(database.owner);
  await withOrganisation(database.app, organisation.id, (tx) => keyring.createOrganisationKey(tx, organisation.id));
  return organisation;
}

/** A site that nobody has enrolled yet, and the code to do so. */
export async function pendingSite(lab: PlatformLab, organisation = lab.organisation) {
  const site = await aSite(lab.database.owner, organisation, { state: 'pending', sign_public_key: null, seal_public_key: null });
  return { id: site.id, name: site.name, code: await enrolmentCode(lab, site.name, organisation) };
}

export const enrolmentCode = (lab: PlatformLab, site: string, organisation = lab.organisation): Promise<string> =>
  withOrganisation(lab.database.app, organisation.id, async (tx) => {
    const { code } = await issueEnrolmentCode(tx, organisation.id, await findSite(tx, site));
    return code;
  });

export interface EnrolledSite {
  readonly id: SiteId;
  readonly name: string;
  readonly stateFolder: string;
  readonly platform: SitePlatform;
  readonly identity: SiteIdentity;
  readonly tokens: SiteTokenProvider;
}

/** A site whose engine has enrolled over the real routes. */
export async function enrolledSite(lab: PlatformLab, organisation = lab.organisation): Promise<EnrolledSite> {
  const { id, name, code } = await pendingSite(lab, organisation);
  const stateFolder = await mkdtemp(`${labFolder()}/site-`);
  const platform = createSitePlatform({ baseUrl: lab.url });
  const identity = await enrolThisSite({ platform, platformUrl: lab.url, stateFolder, code, node: 'node-1', version: '0.1.0' });
  const tokens = createSiteTokenProvider({ identity, platform, node: 'node-1', version: '0.1.0' });
  return { id, name, stateFolder, platform, identity, tokens };
}
