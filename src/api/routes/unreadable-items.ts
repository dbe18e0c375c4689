import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { withOrganisation } from '../../archive/database.ts';
import { findMailboxId } from '../../archive/find-mailbox.ts';
import { InvalidInputError } from '../../archive/record-errors.ts';
import { findTask } from '../../archive/tasks.ts';
import { listUnreadableItems } from '../../archive/unreadable-items.ts';
import { organisationOf } from '../access.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { unreadableItemAnswer } from '../mailbox-answers.ts';
import { page, Slug } from '../schemas/common.ts';
import { DEFAULT_LIMIT, listQuery, mapPage, Reference } from '../schemas/lists.ts';
import { UnreadableItem } from '../schemas/mailboxes.ts';
import { answer, problems } from '../schemas/responses.ts';

export const unreadableItemRoutes: FastifyPluginAsyncTypebox<RouteDependencies> = async (app, { database }) => {
  app.get(
    '/unreadable-items',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'listUnreadableItems',
        summary: 'List items that could not be read',
        description:
          'Of the organisation, of one mailbox, or of the mailboxes of a task. They do not stop a run; each is tried again in later runs, less and less often. What could be read meanwhile, or is gone, is not listed.',
        tags: ['mailboxes'],
        querystring: listQuery({ mailbox: Type.Optional(Reference), task: Type.Optional(Slug) }),
        response: { 200: answer(page(UnreadableItem), 'By mailbox'), ...problems(400, 404, 409, 422) },
      },
    },
    (request) =>
      withOrganisation(database, organisationOf(request), async (tx) => {
        const { mailbox, task, after, limit = DEFAULT_LIMIT } = request.query;
        if (mailbox !== undefined && task !== undefined) throw new InvalidInputError([{ path: '/task', message: 'goes not together with mailbox' }]);
        const of = mailbox !== undefined ? { mailbox: await findMailboxId(tx, mailbox) } : task !== undefined ? { task: (await findTask(tx, task)).id } : undefined;
        return mapPage(await listUnreadableItems(tx, { of, after, limit }), unreadableItemAnswer);
      }),
  );
};
