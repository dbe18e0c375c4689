/** How a site becomes known, proves itself and replaces its keys. Mounted at /site/v1; src/shared/site-contract.ts is the contract. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { type Database, withOrganisation } from '../../archive/database.ts';
import { requireSupportedContract } from '../../security/contract-version.ts';
import type { Keyring } from '../../security/keyring.ts';
import { credentialContextPattern } from '../../security/seal.ts';
import { SITE_ACCESS } from '../../security/signed-token.ts';
import { issueSiteToken } from '../../security/site-token.ts';
import { siteQueue } from '../../shared/names.ts';
import type { SitePrincipal } from '../../shared/principal.ts';
import type { SiteTokenAnswer } from '../../shared/site-contract.ts';
import { Slug, Uuid } from '../schemas/common.ts';
import { enrolSite } from './enrol-site.ts';
import { rotateSiteKeys, siteCredentials } from './rotate-site-keys.ts';
import { verifySiteAssertion } from './site-assertion.ts';
import { noteSiteNode } from './site-node.ts';

export interface SiteRoutesOptions {
  readonly database: Database;
  readonly keyring: Pick<Keyring, 'encrypt' | 'decrypt' | 'tokenKeys'>;
  authenticateSite(authorizationHeader: string | undefined): Promise<SitePrincipal>;
  /** Where sites reach Temporal: told to each with its token. */
  readonly gateway: { readonly address: string; readonly tls: boolean; readonly namespace: string };
}

const Node = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$', description: 'Name of the machine or process' });
const Version = Type.String({ pattern: '^[0-9A-Za-z][0-9A-Za-z.+-]{0,39}$' });
const Contract = Type.String({ maxLength: 16 });
const SignPublicKey = Type.String({ maxLength: 1000, description: 'Ed25519 public key, SPKI PEM' });
const SealPublicKey = Type.String({ pattern: '^[A-Za-z0-9+/]{87}=$', description: 'P-256 public key, raw uncompressed point, base64' });
const Signature = Type.String({ pattern: '^[A-Za-z0-9+/]{86}==$', description: 'Ed25519, base64' });
/** base64 of a sealed password: 1,000 characters (schemas/directories.ts) are at most 4,000 bytes, and sealing adds 82. */
const Sealed = Type.String({ pattern: '^[A-Za-z0-9+/]+={0,2}$', maxLength: 6000 });
/** A site with more integrations and connections than this is more than one site's worth of work. */
const MAX_CREDENTIALS = 1000;
const ROTATION_BODY_LIMIT_BYTES = MAX_CREDENTIALS * 6200;

export const siteRoutes: FastifyPluginAsyncTypebox<SiteRoutesOptions> = async (app, options) => {
  const { database, keyring, gateway } = options;

  app.post(
    '/enrol',
    {
      schema: {
        summary: 'Enrol a site with its one-time code',
        tags: ['site'],
        body: Type.Object({
          code: Type.String({ maxLength: 64 }),
          signPublicKey: SignPublicKey,
          sealPublicKey: SealPublicKey,
          node: Node,
          version: Version,
          contract: Contract,
          signature: Signature,
        }),
        response: { 200: Type.Object({ siteId: Uuid, siteName: Slug, organisation: Slug }) },
      },
    },
    (request) => enrolSite(database, request.body),
  );

  app.post(
    '/token',
    {
      schema: {
        summary: 'Exchange an assertion for an access token',
        tags: ['site'],
        body: Type.Object({ assertion: Type.String({ maxLength: 4096 }), node: Node, version: Version, contract: Contract }),
        response: {
          200: Type.Object({
            token: Type.String(),
            expiresIn: Type.Integer(),
            gateway: Type.String(),
            gatewayTls: Type.Boolean(),
            namespace: Type.String(),
            queue: Type.String(),
          }),
        },
      },
    },
    async (request): Promise<SiteTokenAnswer> => {
      const { assertion, node, version, contract } = request.body;
      requireSupportedContract(contract);
      const site = await verifySiteAssertion(database, assertion);
      await withOrganisation(database, site.organisationId, (tx) => noteSiteNode(tx, site, { node, version, contract }));
      return {
        token: await issueSiteToken({ database, keyring }, site, node),
        expiresIn: SITE_ACCESS.lifetimeSeconds,
        gateway: gateway.address,
        gatewayTls: gateway.tls,
        namespace: gateway.namespace,
        queue: siteQueue(site.id),
      };
    },
  );

  app.get(
    '/credentials',
    {
      schema: {
        summary: 'Credentials sealed to this site',
        tags: ['site'],
        response: { 200: Type.Object({ credentials: Type.Array(Type.Object({ context: Type.String(), sealed: Type.String() })) }) },
      },
    },
    async (request) => {
      const answer = await siteCredentials(options, await options.authenticateSite(request.headers.authorization));
      return { credentials: [...answer.credentials] };
    },
  );

  app.post(
    '/rotate-keys',
    {
      bodyLimit: ROTATION_BODY_LIMIT_BYTES,
      schema: {
        summary: "Replace the site's keys and re-seal its credentials, at once",
        tags: ['site'],
        body: Type.Object({
          signPublicKey: SignPublicKey,
          sealPublicKey: SealPublicKey,
          credentials: Type.Array(
            Type.Object({ context: Type.String({ pattern: credentialContextPattern.source }), replaces: Type.String({ pattern: '^[0-9a-f]{64}$' }), sealed: Sealed }),
            { maxItems: MAX_CREDENTIALS },
          ),
          signature: Signature,
          proof: Signature,
        }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const site = await options.authenticateSite(request.headers.authorization);
      await rotateSiteKeys(options, site, request.body);
      return reply.code(204).send(null);
    },
  );
};
