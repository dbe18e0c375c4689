import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { withOrganisation } from '../../archive/database.ts';
import { listMailboxes } from '../../archive/mailbox-list.ts';
import { findMailboxStatus } from '../../archive/mailbox-status.ts';
import { organisationOf } from '../access.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { mailboxAnswer, mailboxSummaryAnswer } from '../mailbox-answers.ts';
import { MailboxPath, theMailbox } from '../mailbox-reference.ts';
import { page } from '../schemas/common.ts';
import { DEFAULT_LIMIT, listQuery, mapPage } from '../schemas/lists.ts';
import { Mailbox, MailboxSummary, State } from '../schemas/mailboxes.ts';
import { answer, problems } from '../schemas/responses.ts';

const AddressSearch = Type.Optional(Type.String({ minLength: 1, maxLength: 320, description: 'Beginning of the primary address, without regard to case' }));

export const mailboxRoutes: FastifyPluginAsyncTypebox<RouteDependencies> = async (app, { database }) => {
  app.get(
    '/mailboxes',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listMailboxes',
        summary: 'List or search mailboxes',
        description:
          'Every mailbox that a task ever had in its group. With `state` those that are in it in some task; such a page may have fewer items than `limit` and still have a `next`.',
        tags: ['mailboxes'],
        querystring: listQuery({ search: AddressSearch, state: Type.Optional(State) }),
        response: { 200: answer(page(MailboxSummary), 'By address'), ...problems(400, 422) },
      },
    },
    (request) =>
      withOrganisation(database, organisationOf(request), async (tx) =>
        mapPage(await listMailboxes(tx, { ...request.query, limit: request.query.limit ?? DEFAULT_LIMIT }), mailboxSummaryAnswer),
      ),
  );

  app.get(
    '/mailboxes/:mailbox',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'getMailbox',
        summary: 'Show how a mailbox fares',
        description: 'With each feature, of all tasks that have to do with it, and in the archive. By id, or by any address of its owner.',
        tags: ['mailboxes'],
        params: MailboxPath,
        response: { 200: answer(Mailbox, 'As it is now'), ...problems(400, 404, 409) },
      },
    },
    (request) =>
      withOrganisation(database, organisationOf(request), async (tx) => mailboxAnswer(await findMailboxStatus(tx, await theMailbox(tx, request.params)))),
  );
};
