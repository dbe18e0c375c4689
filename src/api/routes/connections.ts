import type { FastifyInstance } from 'fastify';
import { findConnection, listConnections, removeConnection } from '../../archive/connections.ts';
import { withOrganisation } from '../../archive/database.ts';
import { changeConnection, createConnection } from '../connection-changes.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { namedRecordRoutes } from '../named-records.ts';
import { Connection, ConnectionChange, NewConnection } from '../schemas/connections.ts';
import { connectionAnswer } from '../task-answers.ts';

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
}
