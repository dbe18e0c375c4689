/** What the installation may do: make organisations and let their first administrator in. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { issueFirstApiToken } from '../../archive/api-tokens.ts';
import { withOrganisation } from '../../archive/database.ts';
import { createOrganisation, findOrganisationByName, listOrganisations } from '../../archive/organisations.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { page } from '../schemas/common.ts';
import { ListQuery, mapPage, NamedPath, namePage } from '../schemas/lists.ts';
import { IssuedToken, NewOrganisation, NewToken, Organisation } from '../schemas/organisations.ts';
import { answer, problems } from '../schemas/responses.ts';
import { expiryOf } from '../token-expiry.ts';
import { issuedTokenAnswer, organisationAnswer } from '../views.ts';

export const organisationRoutes: FastifyPluginAsyncTypebox<RouteDependencies> = async (app, { database, keyring, now }) => {
  app.get(
    '/organisations',
    {
      config: { access: 'installation' },
      schema: {
        operationId: 'listOrganisations',
        summary: 'List organisations',
        tags: ['organisations'],
        querystring: ListQuery,
        response: { 200: answer(page(Organisation), 'By name'), ...problems(400) },
      },
    },
    async (request) => mapPage(await namePage(request.query, (range) => listOrganisations(database, range)), organisationAnswer),
  );

  app.post(
    '/organisations',
    {
      config: { access: 'installation' },
      schema: {
        operationId: 'createOrganisation',
        summary: 'Create an organisation',
        description: 'With an encryption key of its own. It has no token yet: issue its first one next.',
        tags: ['organisations'],
        body: NewOrganisation,
        response: { 201: answer(Organisation, 'Created'), ...problems(400, 409) },
      },
    },
    async (request, reply) => reply.code(201).send(organisationAnswer(await createOrganisation(database, keyring, request.body))),
  );

  app.post(
    '/organisations/:name/tokens',
    {
      config: { access: 'installation' },
      schema: {
        operationId: 'issueFirstToken',
        summary: 'Issue the first token of an organisation',
        description: 'Refused while the organisation has a valid token: its administrators issue the others.',
        tags: ['organisations'],
        params: NamedPath,
        body: NewToken,
        response: { 201: answer(IssuedToken, 'Issued. The token is shown in this answer only'), ...problems(400, 404, 409) },
      },
    },
    async (request, reply) => {
      const organisation = await findOrganisationByName(database, request.params.name);
      const issued = await withOrganisation(database, organisation.id, (tx) =>
        issueFirstApiToken(tx, organisation.id, { ...request.body, expiresAt: expiryOf(request.body, now()) }),
      );
      return reply.code(201).send(issuedTokenAnswer(issued));
    },
  );
};
