import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { openMessage, openPart } from '../../archive/content/open-content.ts';
import { findContent } from '../../archive/content/stored-content.ts';
import { withOrganisation } from '../../archive/database.ts';
import { NotFoundError } from '../../archive/record-errors.ts';
import { organisationOf } from '../access.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { ItemPath, theItem, theMailbox, theView } from '../mailbox-reference.ts';
import { viewQuery } from '../schemas/lists.ts';
import { MessageContent } from '../schemas/mailboxes.ts';
import { answer, problems } from '../schemas/responses.ts';

const PartPath = Type.Object({ ...ItemPath.properties, number: Type.Integer({ minimum: 1, maximum: 100_000 }) });
const ViewQuery = Type.Object(viewQuery, { additionalProperties: false });
const bytes = (type: string, description: string) => ({ 200: { description, content: { [type]: { schema: Type.Unsafe<never>({ type: 'string', format: 'binary' }) } } } });
const views = 'Of the item as the view shows it. 409 where the archive holds no content of it.';

/** Bytes of messages: for the organisation's administrator alone, and never shown by a browser as what they say they are. */
export const messageContentRoutes: FastifyPluginAsyncTypebox<RouteDependencies> = async (app, { database, blobs }) => {
  const contentOf = (organisation: ReturnType<typeof organisationOf>, params: { readonly mailbox: string; readonly item: string }, query: Parameters<typeof theView>[0]) =>
    withOrganisation(database, organisation, async (tx) => findContent(tx, await theMailbox(tx, params), theItem(params), theView(query)));

  app.get(
    '/mailboxes/:mailbox/items/:item/parts',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'listMessageParts',
        summary: 'Show what an item’s content consists of',
        description: views,
        tags: ['mailboxes'],
        params: ItemPath,
        querystring: ViewQuery,
        response: { 200: answer(MessageContent, 'The leaf parts, in the order of the message'), ...problems(400, 404, 409, 422) },
      },
    },
    async (request): Promise<MessageContent> => {
      const content = await contentOf(organisationOf(request), request.params, request.query);
      const parts = content.parts.map(({ number, contentType, charset, name, disposition, contentId, bytes: size, sha256 }) => ({
        number, contentType, charset, name, disposition, contentId, bytes: size, sha256,
      }));
      return { bytes: content.bytes, sha256: content.sha256, digest: content.digest, parts };
    },
  );

  app.get(
    '/mailboxes/:mailbox/items/:item/eml',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'getMessageBytes',
        summary: 'Fetch an item’s content: the exact bytes that were first read',
        description: views,
        tags: ['mailboxes'],
        params: ItemPath,
        querystring: ViewQuery,
        response: { ...bytes('message/rfc822', 'The message'), ...problems(400, 404, 409, 422) },
      },
    },
    async (request, reply) => {
      const organisation = organisationOf(request);
      const content = await contentOf(organisation, request.params, request.query);
      return sent(reply, 'message/rfc822', content.bytes, `${request.params.item}.eml`).send(await openMessage(blobs, organisation, content));
    },
  );

  app.get(
    '/mailboxes/:mailbox/items/:item/parts/:number',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'getMessagePart',
        summary: 'Fetch one part of an item’s content, decoded',
        description: `${views} Whatever its type, it is sent as bytes.`,
        tags: ['mailboxes'],
        params: PartPath,
        querystring: ViewQuery,
        response: { ...bytes('application/octet-stream', 'The part'), ...problems(400, 404, 409, 422) },
      },
    },
    async (request, reply) => {
      const organisation = organisationOf(request);
      const content = await contentOf(organisation, request.params, request.query);
      const part = content.parts.find(({ number }) => number === request.params.number);
      if (part === undefined) throw new NotFoundError('such part');
      return sent(reply, 'application/octet-stream', part.bytes, part.name ?? `part-${part.number}`).send(await openPart(blobs, organisation, content, part.number));
    },
  );
};

/** The length tells a client of an answer that breaks off. */
const sent = (reply: FastifyReply, type: string, length: number, name: string): FastifyReply =>
  reply.type(type).header('content-length', length).header('content-disposition', `attachment; filename*=UTF-8''${extendedValue(name)}`);

/** RFC 8187: what encodeURIComponent leaves and the header's grammar does not know is encoded too. */
const extendedValue = (name: string): string =>
  encodeURIComponent(name.toWellFormed()).replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
