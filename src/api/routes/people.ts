import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { withOrganisation } from '../../archive/database.ts';
import { findPerson, listPeople } from '../../archive/people.ts';
import { organisationOf } from '../access.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { page } from '../schemas/common.ts';
import { DEFAULT_LIMIT, listQuery, Reference, Search } from '../schemas/lists.ts';
import { Person, PersonSummary } from '../schemas/people.ts';
import { answer, problems } from '../schemas/responses.ts';

export const peopleRoutes: FastifyPluginAsyncTypebox<RouteDependencies> = async (app, { database }) => {
  app.get(
    '/people',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listPeople',
        summary: 'List or search people',
        description: 'Those that are missing from their directory are listed too, with that state.',
        tags: ['people'],
        querystring: listQuery({ search: Search }),
        response: { 200: answer(page(PersonSummary), 'By name'), ...problems(400, 422) },
      },
    },
    (request) =>
      withOrganisation(database, organisationOf(request), (tx) => listPeople(tx, { ...request.query, limit: request.query.limit ?? DEFAULT_LIMIT })),
  );

  app.get(
    '/people/:reference',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'getPerson',
        summary: 'Show a person',
        description: 'By id, or by any address that is theirs.',
        tags: ['people'],
        params: Type.Object({ reference: Reference }),
        response: { 200: answer(Person, 'The person'), ...problems(400, 404) },
      },
    },
    (request) => withOrganisation(database, organisationOf(request), (tx) => findPerson(tx, request.params.reference)),
  );
};
