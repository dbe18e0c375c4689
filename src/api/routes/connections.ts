import type { FastifyInstance } from 'fastify';
import { findConnection, listConnections, removeConnection } from '../../archive/connections.ts';
import { withOrganisation } from '../../archive/database.ts';
import { requestConnectionTest } from '../../archive/task-runs.ts';
import { organisationOf } from '../access.ts';
import { changeConnection, createConnection } from '../connection-changes.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { namedRecordRoutes } from '../named-records.ts';
import { Connection, ConnectionChange, ConnectionTestRequest, NewConnection } from '../schemas/connections.ts';
import { StartedRun } from '../schemas/directories.ts';
import { NamedPath } from '../schemas/lists.ts';
import { answer, problems } from '../schemas/responses.ts';
import { connectionAnswer } from '../task-answers.ts';
import { startRun } from '../start-run.ts';

export async function connectionRoutes(app: FastifyInstance, deps: RouteDependencies): Promise<void> {
  const { database } = deps;
  namedRecordRoutes(app, database, {
    path: '/connections',
    one: 'Connection',
    many: 'Connections',
    words: { one: 'an exchange connection', many: 'exchange connections' },
    schemas: { answer: Connection, create: NewConnection, change: ConnectionChange },
    descriptions: {
      create: 'The password is sealed to the site at once: neither the platform nor its database can read it afterwards, and no answer ever holds it. So the site must be enrolled.',
      change:
        'What is absent stays as it is; `settings` replaces all settings. When url, authentication, account, oauth, caPem or proxy change, the password must be given again: a stored one is not sent to another place.',
      remove: 'Refused while tasks need it: those that read mailboxes through it and, where it is the only connection of its site, all tasks of that site. What was read stays.',
    },
    list: listConnections,
    find: findConnection,
    create: (organisation, input) => createConnection(deps, organisation, input),
    change: (organisation, name, change) => changeConnection(deps, organisation, name, change),
    remove: (organisation, name) => withOrganisation(database, organisation, (tx) => removeConnection(tx, name)),
    answers: (_organisation, rows) => Promise.resolve(rows.map(connectionAnswer)),
  });

  app.post<{ Params: { name: string }; Body: { mailbox?: string } }>(
    '/connections/:name/test',
    {
      // Nothing asked for: without a mailbox.
      preValidation: async (request) => {
        request.body ??= {};
      },
      config: { access: 'operate' },
      schema: {
        operationId: 'testConnection',
        summary: 'Test an exchange connection, step by step',
        description:
          'The steps are in `report` of the run: address, connection, certificate, how it signs in, sign-in, and with `mailbox` acting as its owner, version, ' +
          'folders, a page of items, the content of one. A step that fails is a result and says what to do; nothing is changed. One sign-in is tried. ' +
          'While a test is open, asking again answers that run (`joined`).',
        tags: ['connections'],
        params: NamedPath,
        body: ConnectionTestRequest,
        response: { 202: answer(StartedRun, 'The run that was asked for, or the open one'), ...problems(400, 404, 409) },
      },
    },
    async (request, reply) => {
      const organisation = organisationOf(request);
      const requested = await withOrganisation(database, organisation, async (tx) =>
        requestConnectionTest(tx, (await findConnection(tx, request.params.name)).id, request.body.mailbox),
      );
      return reply.code(202).send(await startRun(deps, organisation, requested));
    },
  );
}
