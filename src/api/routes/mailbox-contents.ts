import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { withOrganisation } from '../../archive/database.ts';
import { folderPaths } from '../../archive/folder-paths.ts';
import { findFolderTree } from '../../archive/folder-tree.ts';
import { findItemHistory } from '../../archive/item-history.ts';
import { listItems } from '../../archive/item-list.ts';
import { passTimes } from '../../archive/pass-times.ts';
import { organisationOf } from '../access.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { folderTreeAnswer, itemPageAnswer, messageAnswer } from '../mailbox-answers.ts';
import { FolderPath, ItemPath, MailboxPath, theFolder, theItem, theMailbox, theView } from '../mailbox-reference.ts';
import { DEFAULT_LIMIT, listQuery, viewQuery } from '../schemas/lists.ts';
import { FolderTree, ItemPage, Message } from '../schemas/mailboxes.ts';
import { answer, problems } from '../schemas/responses.ts';

const views =
  'As it is, with `full` everything that was ever there, or `at` a moment. Changes of one pass take effect together: `at` in the answer says which pass it shows, and when that was complete.';

/** What is in mailboxes is for the organisation's administrator alone. */
export const mailboxContentRoutes: FastifyPluginAsyncTypebox<RouteDependencies> = async (app, { database }) => {
  app.get(
    '/mailboxes/:mailbox/folders',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'listFolders',
        summary: 'Show the folder tree of a mailbox',
        description: views,
        tags: ['mailboxes'],
        params: MailboxPath,
        querystring: Type.Object(viewQuery, { additionalProperties: false }),
        response: { 200: answer(FolderTree, 'All folders, with the number of their items'), ...problems(400, 404, 409, 422) },
      },
    },
    (request) =>
      withOrganisation(database, organisationOf(request), async (tx) =>
        folderTreeAnswer(await findFolderTree(tx, await theMailbox(tx, request.params), theView(request.query))),
      ),
  );

  app.get(
    '/mailboxes/:mailbox/folders/:folder/items',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'listItems',
        summary: 'List the items of a folder',
        description: `${views} With \`full\` each item is as it last was.`,
        tags: ['mailboxes'],
        params: FolderPath,
        querystring: listQuery(viewQuery),
        response: { 200: answer(ItemPage, 'Newest first: by when they were received, else made'), ...problems(400, 404, 409, 422) },
      },
    },
    (request) =>
      withOrganisation(database, organisationOf(request), async (tx) => {
        const { full, at, after, limit = DEFAULT_LIMIT } = request.query;
        const range = { folder: theFolder(request.params), view: theView({ full, at }), after, limit };
        return itemPageAnswer(await listItems(tx, await theMailbox(tx, request.params), range));
      }),
  );

  app.get(
    '/mailboxes/:mailbox/items/:item',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'getItem',
        summary: 'Show an item, what it was and where it was',
        description: `${views} What is later is not told.`,
        tags: ['mailboxes'],
        params: ItemPath,
        querystring: Type.Object(viewQuery, { additionalProperties: false }),
        response: { 200: answer(Message, 'The item'), ...problems(400, 404, 409, 422) },
      },
    },
    (request) =>
      withOrganisation(database, organisationOf(request), async (tx) => {
        const mailbox = await theMailbox(tx, request.params);
        const history = await findItemHistory(tx, mailbox, theItem(request.params), theView(request.query));
        const { versions, placements } = history;
        const numbers = [...versions.flatMap(({ since, until }) => [since, until ?? []].flat()), ...placements.flatMap(({ opened, closed }) => [opened, closed ?? []].flat())];
        return messageAnswer(history, {
          passes: await passTimes(tx, mailbox, numbers),
          paths: await folderPaths(tx, placements.map(({ folder }) => folder)),
        });
      }),
  );
};
