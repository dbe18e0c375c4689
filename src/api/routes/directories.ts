import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { withOrganisation } from '../../archive/database.ts';
import { listDomainReaders } from '../../archive/forest-domains.ts';
import { findIntegration, type IntegrationView, listIntegrations } from '../../archive/integrations.ts';
import { listLastRuns } from '../../archive/run-list.ts';
import { listParked } from '../../archive/run-tick.ts';
import type { OrganisationId } from '../../shared/ids.ts';
import { organisationOf } from '../access.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { changeDirectory, createDirectory, removeDirectory, setDirectoryState } from '../directory-changes.ts';
import { page } from '../schemas/common.ts';
import { Directory, DirectoryChange, NewDirectory } from '../schemas/directories.ts';
import { ListQuery, NamedPath, namePage } from '../schemas/lists.ts';
import { answer, problems } from '../schemas/responses.ts';
import { directoryAnswer } from '../views.ts';

/** How many of the next ticks of a schedule are shown. */
const NEXT_RUNS = 3;

export const directoryRoutes: FastifyPluginAsyncTypebox<RouteDependencies> = async (app, deps) => {
  const { database, engine, engineCalls, now } = deps;

  /** Rows with what belongs to them: the last run from the database, ticks from the schedule. */
  const answers = async (organisation: OrganisationId, rows: readonly IntegrationView[]): Promise<Directory[]> => {
    const ids = rows.map((row) => row.id);
    const scheduled = rows.filter((row) => row.schedule !== null).map((row) => row.id);
    const { lastRuns, parked, readers } = await withOrganisation(database, organisation, async (tx) => ({
      lastRuns: await listLastRuns(tx, ids),
      parked: await listParked(tx, scheduled),
      readers: await listDomainReaders(tx),
    }));
    return Promise.all(
      rows.map(async (row) =>
        directoryAnswer(row, {
          lastRun: lastRuns.get(row.id),
          skippedByTemporal: row.schedule === null ? 0 : await engineCalls.skippedTicks(organisation, row.id),
          parked: parked.get(row.id),
          readers,
          now: now(),
          nextRuns: row.schedule === null || row.state === 'paused' || parked.has(row.id) ? [] : engine.nextRuns(row.schedule, now(), NEXT_RUNS),
        }),
      ),
    );
  };
  const oneAnswer = async (organisation: OrganisationId, row: IntegrationView): Promise<Directory> => {
    const [one] = await answers(organisation, [row]);
    if (one === undefined) throw new Error('no answer for a row');
    return one;
  };

  app.get(
    '/directories',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listDirectories',
        summary: 'List directories',
        tags: ['directories'],
        querystring: ListQuery,
        response: { 200: answer(page(Directory), 'By name'), ...problems(400) },
      },
    },
    async (request) => {
      const organisation = organisationOf(request);
      const found = await withOrganisation(database, organisation, (tx) => namePage(request.query, (range) => listIntegrations(tx, range)));
      return { items: await answers(organisation, found.items), next: found.next };
    },
  );

  app.post(
    '/directories',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'createDirectory',
        summary: 'Add a directory',
        description:
          'The password is sealed to the site at once: neither the platform nor its database can read it afterwards, and no answer ' +
          'ever holds it. So the site must be enrolled. Nothing is synchronised until a schedule or somebody asks for it. ' +
          'With `from` it is added for another domain of the forest of that directory (`findings.domains`): at the same site, with the same ' +
          'security, authority and schedule, with the base DN of that domain, and with what `overrides` says. The password is given in any ' +
          'case: the one of the other directory is sealed to it alone. Read `warnings` in the answer.',
        tags: ['directories'],
        body: NewDirectory,
        response: { 201: answer(Directory, 'Added'), ...problems(400, 409, 422) },
      },
    },
    async (request, reply) => {
      const organisation = organisationOf(request);
      const row = await createDirectory(deps, organisation, request.body);
      return reply.code(201).send(await oneAnswer(organisation, row));
    },
  );

  app.get(
    '/directories/:name',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'getDirectory',
        summary: 'Show a directory',
        tags: ['directories'],
        params: NamedPath,
        response: { 200: answer(Directory, 'The directory'), ...problems(400, 404) },
      },
    },
    async (request) => {
      const organisation = organisationOf(request);
      return oneAnswer(organisation, await withOrganisation(database, organisation, (tx) => findIntegration(tx, request.params.name)));
    },
  );

  app.patch(
    '/directories/:name',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'changeDirectory',
        summary: 'Change a directory',
        description:
          'What is absent stays as it is; `settings` replaces all settings; `"schedule": null` removes the schedule. When host, port, ' +
          'security, caPem or account change, the password must be given again: a stored one is not sent to another place.',
        tags: ['directories'],
        params: NamedPath,
        body: DirectoryChange,
        response: { 200: answer(Directory, 'The directory as it is now'), ...problems(400, 404, 409, 422) },
      },
    },
    async (request) => {
      const organisation = organisationOf(request);
      return oneAnswer(organisation, await changeDirectory(deps, organisation, request.params.name, request.body));
    },
  );

  app.delete(
    '/directories/:name',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'removeDirectory',
        summary: 'Remove a directory that has read nothing',
        description: 'With its runs. Refused once the archive holds objects of it: pause it then.',
        tags: ['directories'],
        params: NamedPath,
        response: { 204: answer(Type.Null(), 'Removed'), ...problems(400, 404, 409) },
      },
    },
    async (request, reply) => {
      await removeDirectory(deps, organisationOf(request), request.params.name);
      return reply.code(204).send(null);
    },
  );

  for (const [verb, state] of [
    ['pause', 'paused'],
    ['resume', 'active'],
  ] as const) {
    app.post(
      `/directories/:name/${verb}`,
      {
        config: { access: 'operate' },
        schema: {
          operationId: `${verb}Directory`,
          summary: verb === 'pause' ? 'Pause the schedule of a directory' : 'Resume the schedule of a directory',
          description: 'Runs can be asked for in either state. Repeating it changes nothing.',
          tags: ['directories'],
          params: NamedPath,
          response: { 200: answer(Directory, 'The directory as it is now'), ...problems(400, 404) },
        },
      },
      async (request) => {
        const organisation = organisationOf(request);
        return oneAnswer(organisation, await setDirectoryState(deps, organisation, request.params.name, state));
      },
    );
  }
};
