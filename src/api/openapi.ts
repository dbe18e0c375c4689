/** The OpenAPI document, made from the schemas of the routes, and its reference page at /docs. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { nameSchemas } from './openapi-components.ts';
import { problems } from './schemas/responses.ts';

const tags = [
  { name: 'organisation', description: 'The organisation of the token, and its tokens' },
  { name: 'sites', description: 'Engines on the customer’s network' },
  { name: 'directories', description: 'Active Directory domains that are read by a site' },
  { name: 'runs', description: 'What was or is being done' },
  { name: 'people', description: 'People of the archive' },
  { name: 'groups', description: 'Groups of the archive, with their members' },
  { name: 'connections', description: 'Exchange servers that mailboxes are read from by a site' },
  { name: 'definitions', description: 'Settings of a feature, for any number of tasks' },
  { name: 'schedules', description: 'When tasks run, for any number of them' },
  { name: 'mailbox-groups', description: 'Which mailboxes, for any number of tasks' },
  { name: 'tasks', description: 'What is done with which mailboxes, when, and by which site' },
  { name: 'config', description: 'All settings as one document' },
  { name: 'organisations', description: 'Only for the installation: making organisations' },
  { name: 'installation', description: 'Only for the installation: looking into Temporal' },
  { name: 'health', description: 'For process managers and monitoring' },
  { name: 'site', description: 'What engines say to the platform (the site contract); not for people' },
];

const description = `
Lockstep keeps an organisation's Active Directory in step with an archive.

**Tokens.** Send \`Authorization: Bearer <token>\`. A token belongs to one organisation and has scopes: \`read\` looks, \`operate\`
also starts, cancels, pauses and resumes, \`admin\` also changes settings, sites and tokens. Everything of another organisation is
answered like what is not there: 404. The token of the installation makes organisations and reads nothing of theirs.
After 20 invalid tokens within a minute an address gets 429 until the minute is over; valid tokens in use still pass.

**Lists** have pages: \`limit\` rows, and \`next\` goes into \`after\` of the next request. \`next\` is null on the last page.

**Failures** are problem details (RFC 9457): \`code\` is stable and documented in docs/errors.md, \`next\` says what to do,
\`errors\` says where in the request. Times are RFC 3339 in UTC; 64-bit ids are text.
`.trim();

/** Must be registered before the routes that it describes. */
export async function describeRoutes(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Lockstep', version, description, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
      tags,
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'A token of an organisation, or of the installation' },
          site: { type: 'http', scheme: 'bearer', description: 'The short-lived token of a site (POST /site/v1/token)' },
        },
      },
    },
    transformObject: (document) => ('openapiObject' in document ? nameSchemas(document.openapiObject) : document.swaggerObject),
  });
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true, uiConfig: { docExpansion: 'list', tryItOutEnabled: false } });
}

/** Leaves the routes registered in this scope from now on out of the document: they are for browsers. */
export function hideRoutes(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    route.schema = { ...route.schema, hide: true };
  });
}

/** Routes of the site contract that need no token: they are how a site gets one. */
const openSiteRoutes = new Set(['/site/v1/enrol', '/site/v1/token']);

/** Adds to the routes of the site contract, registered in this scope from now on, what all of them have in common. */
export function describeSiteRoutes(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    route.schema = {
      ...route.schema,
      ...(openSiteRoutes.has(route.url) ? {} : { security: [{ site: [] }] }),
      response: { ...problems(400, 401, 403, 404, 409, 413, 422, 429, 500, 503), ...(route.schema?.response as object | undefined) },
    };
  });
}
