import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { withOrganisation } from '../../archive/database.ts';
import { findTaskStatus, listTaskMailboxes } from '../../archive/task-status.ts';
import { organisationOf } from '../access.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { taskMailboxAnswer, taskStatusAnswer } from '../mailbox-answers.ts';
import { page } from '../schemas/common.ts';
import { DEFAULT_LIMIT, listQuery, mapPage, NamedPath } from '../schemas/lists.ts';
import { State, TaskMailbox, TaskStatus } from '../schemas/mailboxes.ts';
import { answer, problems } from '../schemas/responses.ts';

export const taskStatusRoutes: FastifyPluginAsyncTypebox<RouteDependencies> = async (app, { database, engine, now }) => {
  app.get(
    '/tasks/:name/status',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'getTaskStatus',
        summary: 'Show how a task fares',
        description: 'Its mailboxes by state, how far it is behind, and what its mailboxes hold. Those that are duplicates count for the task that does them.',
        tags: ['tasks'],
        params: NamedPath,
        response: { 200: answer(TaskStatus, 'As it is now'), ...problems(400, 404) },
      },
    },
    async (request) => {
      const status = await withOrganisation(database, organisationOf(request), (tx) => findTaskStatus(tx, request.params.name));
      const { schedule, state } = status.task;
      const [next] = schedule === null || state === 'paused' ? [] : engine.nextRuns(schedule, now(), 1);
      return taskStatusAnswer(status, next);
    },
  );

  app.get(
    '/tasks/:name/mailboxes',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listTaskMailboxes',
        summary: 'List the mailboxes of a task, with reason and next step',
        description: 'Of all in its group, or of those in one state. Members of the group without a mailbox are `skipped`, and come last.',
        tags: ['tasks'],
        params: NamedPath,
        querystring: listQuery({ state: Type.Optional(State) }),
        response: { 200: answer(page(TaskMailbox), 'In an order that has no meaning but stays'), ...problems(400, 404, 422) },
      },
    },
    (request) =>
      withOrganisation(database, organisationOf(request), async (tx) =>
        mapPage(await listTaskMailboxes(tx, request.params.name, { ...request.query, limit: request.query.limit ?? DEFAULT_LIMIT }), taskMailboxAnswer),
      ),
  );
};
