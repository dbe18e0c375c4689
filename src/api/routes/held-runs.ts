/** What runs held back: to see, to approve, to reject. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { withOrganisation } from '../../archive/database.ts';
import { decide } from '../../archive/held-decisions.ts';
import { listHeldObjects } from '../../archive/held-list.ts';
import { findRun } from '../../archive/runs.ts';
import { removalKinds } from '../../shared/directory.ts';
import { heldKinds } from '../../shared/held.ts';
import { runId } from '../../shared/ids.ts';
import { organisationOf, tokenOf } from '../access.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { page } from '../schemas/common.ts';
import { HeldObject, Run } from '../schemas/directories.ts';
import { DEFAULT_LIMIT, IdPath, listQuery, mapPage } from '../schemas/lists.ts';
import { answer, problems } from '../schemas/responses.ts';
import { heldObjectAnswer } from '../views.ts';
import { wholeRun } from '../whole-run.ts';

const RemovalKind = Type.Union(removalKinds.map((kind) => Type.Literal(kind)));
const Kind = Type.Optional(Type.Union(heldKinds.map((kind) => Type.Literal(kind)), { description: 'Default: all that is open' }));

const decisions = [
  {
    verb: 'approve',
    verdict: 'approved',
    summary: 'Do what a run held back',
    description:
      'Of the very objects that were held, those of which it is still true are removed or disabled, at once. Of a doubtful reading: the ' +
      'next synchronisation passes that check, once.',
  },
  {
    verb: 'reject',
    verdict: 'rejected',
    summary: 'Drop what a run held back',
    description:
      'The objects stay as they are in the archive, and are not asked about again until they come back in the directory and go once more. ' +
      'Of a doubtful reading: nothing but that it was looked at.',
  },
] as const;

export const heldRunRoutes: FastifyPluginAsyncTypebox<RouteDependencies> = async (app, { database }) => {
  app.get(
    '/runs/:id/held',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listHeldObjects',
        summary: 'Show who would go',
        description: 'Objects that a run held back, and why each would go. Empty once a later synchronisation has decided anew.',
        tags: ['runs'],
        params: IdPath,
        querystring: listQuery({ kind: Type.Optional(RemovalKind) }),
        response: { 200: answer(page(HeldObject), 'By kind, then in the order in which they were first seen'), ...problems(400, 404, 422) },
      },
    },
    (request) =>
      withOrganisation(database, organisationOf(request), async (tx) => {
        const { id } = await findRun(tx, runId(request.params.id));
        return mapPage(await listHeldObjects(tx, id, { ...request.query, limit: request.query.limit ?? DEFAULT_LIMIT }), heldObjectAnswer);
      }),
  );

  for (const { verb, verdict, summary, description } of decisions) {
    app.post(
      `/runs/:id/${verb}`,
      {
        config: { access: 'admin' },
        schema: {
          operationId: `${verb}Run`,
          summary,
          description,
          tags: ['runs'],
          params: IdPath,
          querystring: Type.Object({ kind: Kind }, { additionalProperties: false }),
          response: { 200: answer(Run, 'The run, with what was decided'), ...problems(400, 404, 409) },
        },
      },
      (request) =>
        withOrganisation(database, organisationOf(request), async (tx) => {
          const run = runId(request.params.id);
          await decide(tx, { run, kind: request.query.kind, verdict, token: tokenOf(request) });
          return wholeRun(tx, run);
        }),
    );
  }
};
