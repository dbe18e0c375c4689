import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { withOrganisation } from '../../archive/database.ts';
import { groupHistory } from '../../archive/directory-history.ts';
import { listGroupMembers } from '../../archive/group-members.ts';
import { findGroup, listGroups } from '../../archive/groups.ts';
import { asOf } from '../../archive/past.ts';
import { organisationOf } from '../access.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { page } from '../schemas/common.ts';
import { At, DEFAULT_LIMIT, ListQuery, listQuery, Reference, Search } from '../schemas/lists.ts';
import { Group, GroupMember, GroupSummary, HistoryEvent } from '../schemas/people.ts';
import { answer, problems } from '../schemas/responses.ts';
import { historyAnswer } from '../views.ts';

const GroupPath = Type.Object({ reference: Reference });

export const groupRoutes: FastifyPluginAsyncTypebox<RouteDependencies> = async (app, { database }) => {
  app.get(
    '/groups',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listGroups',
        summary: 'List or search groups',
        description: 'Those that are missing from their directory are listed too, with that state.',
        tags: ['groups'],
        querystring: listQuery({ search: Search, at: At }),
        response: { 200: answer(page(GroupSummary), 'By name'), ...problems(400, 422) },
      },
    },
    (request) => {
      const { at, ...query } = request.query;
      return withOrganisation(database, organisationOf(request), (tx) => asOf(tx, at, () => listGroups(tx, { ...query, limit: query.limit ?? DEFAULT_LIMIT })));
    },
  );

  app.get(
    '/groups/:reference',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'getGroup',
        summary: 'Show a group',
        description: 'By id, by its address, or by its whole name.',
        tags: ['groups'],
        params: GroupPath,
        querystring: Type.Object({ at: At }, { additionalProperties: false }),
        response: { 200: answer(Group, 'The group'), ...problems(400, 404, 409, 422) },
      },
    },
    (request) =>
      withOrganisation(database, organisationOf(request), (tx) => asOf(tx, request.query.at, () => findGroup(tx, request.params.reference))),
  );

  app.get(
    '/groups/:reference/history',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listGroupHistory',
        summary: 'List what happened to a group',
        description:
          'With values before and after, members that joined and left, and the run that did it. Those that it was first read with are not told one by one. ' +
          'A page may have fewer items than `limit` and still have a `next`.',
        tags: ['groups'],
        params: GroupPath,
        querystring: ListQuery,
        response: { 200: answer(page(HistoryEvent), 'Newest first'), ...problems(400, 404, 409, 422) },
      },
    },
    (request) =>
      withOrganisation(database, organisationOf(request), async (tx) =>
        historyAnswer(await groupHistory(tx, request.params.reference, { ...request.query, limit: request.query.limit ?? DEFAULT_LIMIT })),
      ),
  );

  app.get(
    '/groups/:reference/members',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listGroupMembers',
        summary: 'List the members of a group',
        description:
          'The direct ones, those whose primary group it is included, or with `effective=true` everybody in it through all levels of nesting, nobody twice. ' +
          'Members of a dynamic group are those that match its filter now. A member that is not (yet) known is listed as `pending`, by its DN. ' +
          'A page may have fewer items than `limit` and still have a `next`.',
        tags: ['groups'],
        params: GroupPath,
        querystring: listQuery({ effective: Type.Optional(Type.Boolean({ default: false })), at: At }),
        response: { 200: answer(page(GroupMember), 'In an order that has no meaning but stays'), ...problems(400, 404, 409, 422) },
      },
    },
    (request) => {
      const { at, ...query } = request.query;
      return withOrganisation(database, organisationOf(request), (tx) =>
        asOf(tx, at, () => listGroupMembers(tx, request.params.reference, { ...query, limit: query.limit ?? DEFAULT_LIMIT })),
      );
    },
  );
};
