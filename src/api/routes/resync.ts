import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { withOrganisation } from '../../archive/database.ts';
import { requestResync } from '../../archive/resync.ts';
import { organisationOf } from '../access.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { StartedRun } from '../schemas/directories.ts';
import { answer, problems } from '../schemas/responses.ts';
import { ResyncRequest } from '../schemas/tasks.ts';
import { startRun } from '../start-run.ts';

export const resyncRoutes: FastifyPluginAsyncTypebox<RouteDependencies> = async (app, { database, engineCalls }) => {
  app.post(
    '/resync',
    {
      config: { access: 'operate' },
      schema: {
        operationId: 'resync',
        summary: 'Read an organisation, a task, one mailbox or one folder again',
        description:
          'Goes before what schedules began. By changes: everything is looked at, whatever the hints of folders say. With `full` everything is read from ' +
          'the beginning; nothing vanishes from the archive while it runs, and what is gone from Exchange is found at its end. Asking for the same ' +
          'again while it is open answers the same runs (`joined`): follow them at /runs/{id}.',
        tags: ['tasks'],
        body: ResyncRequest,
        response: { 202: answer(Type.Object({ runs: Type.Array(StartedRun) }), 'One run for each task that is concerned'), ...problems(400, 404, 409, 422) },
      },
    },
    async (request, reply) => {
      const organisation = organisationOf(request);
      const requested = await withOrganisation(database, organisation, (tx) => requestResync(tx, { ...request.body, full: request.body.full ?? false }));
      const runs: StartedRun[] = [];
      for (const each of requested) runs.push(await startRun({ database, engineCalls }, organisation, each));
      return reply.code(202).send({ runs });
    },
  );
};
