import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { withOrganisation } from '../../archive/database.ts';
import { personHistory } from '../../archive/directory-history.ts';
import { asOf } from '../../archive/past.ts';
import { findPerson, listPeople } from '../../archive/people.ts';
import { organisationOf } from '../access.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { page } from '../schemas/common.ts';
import { At, DEFAULT_LIMIT, ListQuery, listQuery, Reference, Search } from '../schemas/lists.ts';
import { HistoryEvent, Person, PersonSummary } from '../schemas/people.ts';
import { answer, problems } from '../schemas/responses.ts';
import { historyAnswer } from '../views.ts';

const PersonPath = Type.Object({ reference: Reference });

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
        querystring: listQuery({ search: Search, at: At }),
        response: { 200: answer(page(PersonSummary), 'By name'), ...problems(400, 422) },
      },
    },
    (request) => {
      const { at, ...query } = request.query;
      return withOrganisation(database, organisationOf(request), (tx) => asOf(tx, at, () => listPeople(tx, { ...query, limit: query.limit ?? DEFAULT_LIMIT })));
    },
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
        params: PersonPath,
        querystring: Type.Object({ at: At }, { additionalProperties: false }),
        response: { 200: answer(Person, 'The person'), ...problems(400, 404, 422) },
      },
    },
    (request) =>
      withOrganisation(database, organisationOf(request), (tx) => asOf(tx, request.query.at, () => findPerson(tx, request.params.reference))),
  );

  app.get(
    '/people/:reference/history',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listPersonHistory',
        summary: 'List what happened to a person',
        description: 'With values before and after, and the run that did it. A page may have fewer items than `limit` and still have a `next`.',
        tags: ['people'],
        params: PersonPath,
        querystring: ListQuery,
        response: { 200: answer(page(HistoryEvent), 'Newest first'), ...problems(400, 404, 422) },
      },
    },
    (request) =>
      withOrganisation(database, organisationOf(request), async (tx) =>
        historyAnswer(await personHistory(tx, request.params.reference, { ...request.query, limit: request.query.limit ?? DEFAULT_LIMIT })),
      ),
  );
};
