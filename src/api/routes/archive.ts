import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { verifyBlobs } from '../../archive/blobs/blob-verification.ts';
import { blobHash } from '../../shared/ids.ts';
import { organisationOf } from '../access.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { Hash, Verification } from '../schemas/archive.ts';
import { answer, problems } from '../schemas/responses.ts';

export const archiveRoutes: FastifyPluginAsyncTypebox<RouteDependencies> = async (app, { database, blobs: storage }) => {
  app.get(
    '/archive/verification',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'verifyArchive',
        summary: 'Read and hash stored content again, one page',
        description: 'In the order of the hashes, which are spread evenly: `next` says how far it is. Names what is missing or damaged with the messages that need it. Changes nothing.',
        tags: ['archive'],
        querystring: Type.Object({ after: Type.Optional(Hash) }, { additionalProperties: false }),
        response: { 200: answer(Verification, 'What was read'), ...problems(400, 422) },
      },
    },
    async (request) => {
      const { after } = request.query;
      const { problems: found, ...page } = await verifyBlobs({ database, storage }, organisationOf(request), after === undefined ? undefined : blobHash(after));
      return { ...page, problems: found.map(({ items, ...problem }) => ({ ...problem, items: [...items] })) };
    },
  );
};
