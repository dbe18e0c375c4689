import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { type OrganisationTransaction, withOrganisation } from '../../archive/database.ts';
import { findIntegration, type IntegrationView } from '../../archive/integrations.ts';
import { requestPlan } from '../../archive/plan-request.ts';
import { ConflictError } from '../../archive/record-errors.ts';
import { findRunView, listRuns } from '../../archive/run-list.ts';
import { findRun, type RequestedRun, requestRun } from '../../archive/runs.ts';
import { objectQuery } from '../../archive/stored-object.ts';
import { type OrganisationId, runId } from '../../shared/ids.ts';
import { isOpen, runKinds, runStates } from '../../shared/runs.ts';
import { organisationOf, requireScope } from '../access.ts';
import { refuseOtherDestination } from '../credential-destination.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { Bigint, page, Slug } from '../schemas/common.ts';
import { ObjectQuery, PlanRequest, Run, RunSummary, StartedRun } from '../schemas/directories.ts';
import { DEFAULT_LIMIT, IdPath, listQuery, mapPage, NamedPath } from '../schemas/lists.ts';
import { answer, problems } from '../schemas/responses.ts';
import { startRun } from '../start-run.ts';
import { runSummaryAnswer } from '../views.ts';
import { wholeRun } from '../whole-run.ts';

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
    verb: 'test',
    kind: 'directory-test',
    summary: 'Test the connection to a directory, step by step',
    description: 'The steps are in `report` of the run: resolve, connect, TLS, bind, rootDSE, base DN, one person, one group.',
  },
] as const;

export const runRoutes: FastifyPluginAsyncTypebox<RouteDependencies> = async (app, { database, engineCalls }) => {
  const begin = async (
    organisation: OrganisationId,
    name: string,
    request: (tx: OrganisationTransaction, integration: IntegrationView) => Promise<RequestedRun>,
  ): Promise<StartedRun> =>
    startRun({ database, engineCalls }, organisation, await withOrganisation(database, organisation, async (tx) => request(tx, await findIntegration(tx, name))));

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
        const run = await begin(organisationOf(request), request.params.name, (tx, integration) => {
          requirePassword(integration);
          return requestRun(tx, { integration: integration.id, kind, trigger: 'manual' });
        });
        return reply.code(202).send(run);
      },
    );
  }

  app.post(
    '/directories/:name/plan',
    {
      // Nothing asked for is as things are.
      preValidation: async (request) => {
        request.body ??= {};
      },
      config: { access: 'operate' },
      schema: {
        operationId: 'planDirectory',
        summary: 'Find out what a synchronisation would do',
        description:
          'Reads the whole directory and changes nothing; the result is at /runs/{id}/plan. With `settings` (all of them, as when they are ' +
          'changed, and with scope `admin`) it says what it would do with these, and saves nothing; where the password would go ' +
          'must be as it is. With `fromStored` the directory is not asked: possible where only search bases, filter, mail domains, what ' +
          'becomes of disabled accounts and removals differ. Asking for the same again while it is open answers that run (`joined`).',
        tags: ['directories'],
        params: NamedPath,
        body: PlanRequest,
        response: { 202: answer(StartedRun, 'The run that was asked for, or the open one'), ...problems(400, 404, 409, 422) },
      },
    },
    async (request, reply) => {
      const organisation = organisationOf(request);
      const asked = request.body;
      if (asked.settings !== undefined) requireScope(request, 'admin');
      const run = await begin(organisation, request.params.name, (tx, integration) => {
        if (asked.fromStored !== true) requirePassword(integration);
        if (asked.settings !== undefined) refuseOtherDestination(integration.settings, asked.settings);
        return requestPlan(tx, integration, asked);
      });
      return reply.code(202).send(run);
    },
  );

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
      const run = await begin(organisationOf(request), request.params.name, (tx, integration) => {
        requirePassword(integration);
        return requestRun(tx, { integration: integration.id, kind: 'directory-object', trigger: 'manual', object: objectQuery(request.body) });
      });
      return reply.code(202).send(run);
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
          task: Type.Optional(Slug),
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
      withOrganisation(database, organisationOf(request), (tx) => wholeRun(tx, runId(request.params.id))),
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

/** @throws ConflictError `directory.credential-missing` */
function requirePassword({ has_credential, name }: IntegrationView): void {
  if (!has_credential) throw credentialMissing(name);
}

const credentialMissing = (name: string): ConflictError =>
  new ConflictError({
    code: 'directory.credential-missing',
    message: `The directory "${name}" has no password yet.`,
    next: 'Set it: PATCH /api/v1/directories/{name} with {"password": "…"}.',
  });
