import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { issueApiToken, listApiTokens, revokeApiToken } from '../../archive/api-tokens.ts';
import { withOrganisation } from '../../archive/database.ts';
import { keysetPage } from '../../archive/keyset.ts';
import { findOrganisationSettings } from '../../archive/organisations.ts';
import { decidePrivateItems } from '../../archive/private-items.ts';
import { tokenId } from '../../shared/ids.ts';
import { organisationOf, tokenOf } from '../access.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { page, Uuid } from '../schemas/common.ts';
import { DEFAULT_LIMIT, IdPath, listQuery, mapPage } from '../schemas/lists.ts';
import { IssuedToken, NewToken, OrganisationChange, OwnOrganisation, Token } from '../schemas/organisations.ts';
import { answer, problems } from '../schemas/responses.ts';
import { expiryOf } from '../token-expiry.ts';
import { issuedTokenAnswer, ownOrganisationAnswer, tokenAnswer } from '../views.ts';

/** The token's own organisation, and the tokens it issued. */
export const tokenRoutes: FastifyPluginAsyncTypebox<RouteDependencies> = async (app, { database, now }) => {
  app.get(
    '/organisation',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'getOrganisation',
        summary: 'Show the organisation of the token',
        tags: ['organisation'],
        response: { 200: answer(OwnOrganisation, 'The organisation') },
      },
    },
    async (request) => ownOrganisationAnswer(await withOrganisation(database, organisationOf(request), findOrganisationSettings)),
  );

  app.patch(
    '/organisation',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'changeOrganisation',
        summary: 'Decide about private items',
        description:
          'Items that people marked Personal or Private are left out unless the organisation decides otherwise. Runs that begin from now on follow it; what was kept before stays in the full view. The decision is written to the audit.',
        tags: ['organisation'],
        body: OrganisationChange,
        response: { 200: answer(OwnOrganisation, 'The organisation'), ...problems(400) },
      },
    },
    async (request) => {
      const { leaveOutPrivate } = request.body;
      return ownOrganisationAnswer(await withOrganisation(database, organisationOf(request), (tx) => decidePrivateItems(tx, tokenOf(request), leaveOutPrivate)));
    },
  );

  app.get(
    '/tokens',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'listTokens',
        summary: 'List valid tokens',
        description: 'Labels, scopes and last use; never the tokens themselves, which nobody has but their owners.',
        tags: ['organisation'],
        querystring: listQuery({ after: Type.Optional(Uuid) }),
        response: { 200: answer(page(Token), 'Oldest first'), ...problems(400) },
      },
    },
    async (request) => {
      const limit = request.query.limit ?? DEFAULT_LIMIT;
      const after = request.query.after === undefined ? undefined : tokenId(request.query.after);
      const rows = await withOrganisation(database, organisationOf(request), (tx) => listApiTokens(tx, { after, limit: limit + 1 }));
      return mapPage(keysetPage(rows, limit, (row) => row.id), tokenAnswer);
    },
  );

  app.post(
    '/tokens',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'issueToken',
        summary: 'Issue a token',
        tags: ['organisation'],
        body: NewToken,
        response: { 201: answer(IssuedToken, 'Issued. The token is shown in this answer only'), ...problems(400) },
      },
    },
    async (request, reply) => {
      const organisation = organisationOf(request);
      const issued = await withOrganisation(database, organisation, (tx) =>
        issueApiToken(tx, organisation, { ...request.body, expiresAt: expiryOf(request.body, now()) }),
      );
      return reply.code(201).send(issuedTokenAnswer(issued));
    },
  );

  app.delete(
    '/tokens/:id',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'revokeToken',
        summary: 'Revoke a token',
        description: 'At once, and for good. Revoking a revoked token changes nothing.',
        tags: ['organisation'],
        params: IdPath,
        response: { 204: answer(Type.Null(), 'Revoked'), ...problems(400, 404) },
      },
    },
    async (request, reply) => {
      await withOrganisation(database, organisationOf(request), (tx) => revokeApiToken(tx, tokenId(request.params.id)));
      return reply.code(204).send(null);
    },
  );
};
