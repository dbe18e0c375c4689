/** What runs found: entries of a plan, objects that could not be read or applied. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { withOrganisation } from '../../archive/database.ts';
import { findIntegration } from '../../archive/integrations.ts';
import { listPlanEntries } from '../../archive/plans.ts';
import { listOpenProblems } from '../../archive/problems.ts';
import { planActions } from '../../shared/directory-plan.ts';
import { runId } from '../../shared/ids.ts';
import { organisationOf } from '../access.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { page } from '../schemas/common.ts';
import { DirectoryProblem, PlanEntry } from '../schemas/directories.ts';
import { DEFAULT_LIMIT, IdPath, ListQuery, listQuery, mapPage, NamedPath } from '../schemas/lists.ts';
import { answer, problems } from '../schemas/responses.ts';
import { directoryProblemAnswer, planEntryAnswer } from '../views.ts';

const Action = Type.Union(
  planActions.map((action) => Type.Literal(action)),
  { description: 'Default: every action' },
);

export const runResultRoutes: FastifyPluginAsyncTypebox<RouteDependencies> = async (app, { database }) => {
  app.get(
    '/runs/:id/plan',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listPlanEntries',
        summary: 'Show what a synchronisation would have done',
        description: 'Of a run of kind `directory-plan`; empty for others. How many there are of each action is in `plan.counts` of the run. Kept for the newest plans of a directory: three that ended, and the one that is open.',
        tags: ['runs'],
        params: IdPath,
        querystring: listQuery({ action: Type.Optional(Action) }),
        response: { 200: answer(page(PlanEntry), 'By action, those that need a decision or take something away first; then by name'), ...problems(400, 404, 410, 422) },
      },
    },
    (request) =>
      withOrganisation(database, organisationOf(request), async (tx) => {
        const query = { ...request.query, limit: request.query.limit ?? DEFAULT_LIMIT };
        return mapPage(await listPlanEntries(tx, runId(request.params.id), query), planEntryAnswer);
      }),
  );

  app.get(
    '/directories/:name/problems',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listDirectoryProblems',
        summary: 'List objects that could not be read or applied',
        description: 'One row an object and reason, until a run finds it gone.',
        tags: ['directories'],
        params: NamedPath,
        querystring: ListQuery,
        response: { 200: answer(page(DirectoryProblem), 'In the order in which they were first met'), ...problems(400, 404, 422) },
      },
    },
    (request) =>
      withOrganisation(database, organisationOf(request), async (tx) => {
        const { id } = await findIntegration(tx, request.params.name);
        const found = await listOpenProblems(tx, id, { after: request.query.after, limit: request.query.limit ?? DEFAULT_LIMIT });
        return mapPage(found, directoryProblemAnswer);
      }),
  );
};
