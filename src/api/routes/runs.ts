import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { withOrganisation } from '../../archive/database.ts';
import { findIntegration } from '../../archive/integrations.ts';
import { ConflictError } from '../../archive/record-errors.ts';
import { findRunView, listRuns } from '../../archive/run-list.ts';
import { findRun, requestRun, type RunRequest } from '../../archive/runs.ts';
import { objectQuery } from '../../archive/stored-object.ts';
import { type OrganisationId, runId } from '../../shared/ids.ts';
import { isOpen, runKinds, runStates } from '../../shared/runs.ts';
import { organisationOf } from '../access.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { Bigint, page, Slug } from '../schemas/common.ts';
import { ObjectQuery, Run, RunSummary, StartedRun } from '../schemas/directories.ts';
import { DEFAULT_LIMIT, IdPath, listQuery, mapPage, NamedPath } from '../schemas/lists.ts';
import { answer, problems } from '../schemas/responses.ts';
import { runAnswer, runSummaryAnswer } from '../views.ts';

const Kind = Type.Union(runKinds.map((kind) => Type.Literal(kind)));
const State = Type.Union(runStates.map((state) => Type.Literal(state)));

const starts = [
  {
    verb: 'sync',
    kind: 'directory-sync',
    summary: 'Synchronise a directory now',
    description: 'Reads the whole directory into the archive.',
  },
  {
    verb: 'plan',
    kind: 'directory-plan',
    summary: 'Find out what a synchronisation would do',
    description: 'Reads the whole directory and changes nothing; the result is at /runs/{id}/plan.',
  },
  {
    verb: 'test',
    kind: 'directory-test',
    summary: 'Test the connection to a directory, step by step',
    description: 'The steps are in `report` of the run: resolve, connect, TLS, bind, rootDSE, base DN, one person, one group.',
  },
] as const;

export const runRoutes: FastifyPluginAsyncTypebox<RouteDependencies> = async (app, { database, engineCalls }) => {
  const start = async (organisation: OrganisationId, name: string, request: Pick<RunRequest, 'kind' | 'object'>): Promise<StartedRun> => {
    const { run, joined } = await withOrganisation(database, organisation, async (tx) => {
      const integration = await findIntegration(tx, name);
      if (!integration.has_credential) throw credentialMissing(integration.name);
      return requestRun(tx, { integration: integration.id, trigger: 'manual', ...request });
    });
    if (run.state === 'queued') await engineCalls.startRun(organisation, run.id);
    const view = await withOrganisation(database, organisation, (tx) => findRunView(tx, run.id));
    return { ...runSummaryAnswer(view), joined };
  };

  for (const { verb, kind, summary, description } of starts) {
    app.post(
      `/directories/:name/${verb}`,
      {
        config: { access: 'operate' },
        schema: {
          operationId: `${verb}Directory`,
          summary,
          description:
            `${description} While such a run is open, asking again answers that run (\`joined\`). The answer comes at once and the ` +
            'request is durable: when the site or the Temporal server is away, the run waits, and `waiting` says for what.',
          tags: ['directories'],
          params: NamedPath,
          response: { 202: answer(StartedRun, 'The run that was asked for, or the open one'), ...problems(400, 404, 409) },
        },
      },
      async (request, reply) => {
        return reply.code(202).send(await start(organisationOf(request), request.params.name, { kind }));
      },
    );
  }

  app.post(
    '/directories/:name/objects',
    {
      config: { access: 'operate' },
      schema: {
        operationId: 'syncDirectoryObject',
        summary: 'Synchronise one object now, step by step',
        description:
          'Reads one person, group or other object by its address, distinguished name or objectGUID, and takes it over as a change would be. ' +
          'What happened at each step is in `report` of the run: connect, find, read, scope (which rule keeps it out), apply. A step that ' +
          'fails is a result: the run succeeds all the same. Several objects may be asked for at once; asking again for one whose run is ' +
          'open answers that run (`joined`). Nothing is read but that object.',
        tags: ['directories'],
        params: NamedPath,
        body: ObjectQuery,
        response: { 202: answer(StartedRun, 'The run that was asked for, or the open one'), ...problems(400, 404, 409, 422) },
      },
    },
    async (request, reply) => {
      const object = objectQuery(request.body);
      return reply.code(202).send(await start(organisationOf(request), request.params.name, { kind: 'directory-object', object }));
    },
  );

  app.get(
    '/runs',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listRuns',
        summary: 'List runs',
        tags: ['runs'],
        querystring: listQuery({
          integration: Type.Optional(Slug),
          kind: Type.Optional(Kind),
          state: Type.Optional(State),
          after: Type.Optional(Bigint),
        }),
        response: { 200: answer(page(RunSummary), 'Newest first'), ...problems(400) },
      },
    },
    (request) =>
      withOrganisation(database, organisationOf(request), async (tx) =>
        mapPage(await listRuns(tx, { ...request.query, limit: request.query.limit ?? DEFAULT_LIMIT }), runSummaryAnswer),
      ),
  );

  app.get(
    '/runs/:id',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'getRun',
        summary: 'Show a run',
        tags: ['runs'],
        params: IdPath,
        response: { 200: answer(Run, 'The run'), ...problems(400, 404) },
      },
    },
    async (request) =>
      runAnswer(await withOrganisation(database, organisationOf(request), (tx) => findRunView(tx, runId(request.params.id)))),
  );

  app.post(
    '/runs/:id/cancel',
    {
      config: { access: 'operate' },
      schema: {
        operationId: 'cancelRun',
        summary: 'Cancel a run',
        description: 'What was committed stays. The run ends a moment later, when the site has stopped. Repeating it is harmless.',
        tags: ['runs'],
        params: IdPath,
        response: { 202: answer(RunSummary, 'The run, on its way to its end'), ...problems(400, 404, 409) },
      },
    },
    async (request, reply) => {
      const organisation = organisationOf(request);
      const id = runId(request.params.id);
      const run = await withOrganisation(database, organisation, (tx) => findRun(tx, id));
      if (!isOpen(run.state)) {
        throw new ConflictError({ code: 'run.ended', message: 'The run has ended.', next: 'There is nothing to cancel.' });
      }
      await engineCalls.cancelRun(organisation, run);
      const view = await withOrganisation(database, organisation, (tx) => findRunView(tx, id));
      return reply.code(202).send(runSummaryAnswer(view));
    },
  );
};

const credentialMissing = (name: string): ConflictError =>
  new ConflictError({
    code: 'directory.credential-missing',
    message: `The directory "${name}" has no password yet.`,
    next: 'Set it: PATCH /api/v1/directories/{name} with {"password": "…"}.',
  });
