/** Content from sites: bytes by their SHA-256, streamed, gone on with after a broken connection (src/shared/mailbox-contract.ts). */
import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { BlobStorage } from '../../archive/blobs/blob-storage.ts';
import { BlobUploads } from '../../archive/blobs/blob-uploads.ts';
import { blobHash, type OrganisationId } from '../../shared/ids.ts';
import { ApiError } from '../problems.ts';
import { problems } from '../schemas/responses.ts';
import { RequestInvalidError } from '../validation.ts';
import { enterPlace, type IngestRoutesOptions, siteOf } from './ingest-request.ts';
import { asBusy, PagesInWork } from './pages-in-work.ts';

const BlobPath = Type.Object({ sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }) });
/** `bytes first-last/total`, to the end (RFC 9110 §14.4). */
const Headers = Type.Object({ 'content-range': Type.Optional(Type.String({ pattern: '^bytes [0-9]{1,15}-[0-9]{1,15}/[0-9]{1,15}$' })) });

/**
 * Uploads of an organisation at once. Each holds some pieces of 64 KiB, a window of zstd (2 MB) and with S3 a part of 5 MB; more
 * would only share the same disk or line. One organisation's slow sites take no place from another's.
 */
const UPLOADS_OF_ORGANISATION = 8;

export interface BlobRoutesOptions extends Pick<IngestRoutesOptions, 'database' | 'authenticateSite'> {
  readonly storage: BlobStorage;
  /** More is refused. */
  readonly largestBytes: number;
}

export const blobRoutes: FastifyPluginAsyncTypebox<BlobRoutesOptions> = async (app, { database, storage, largestBytes, authenticateSite }) => {
  const uploads = new BlobUploads(database, storage);
  const places = new Map<OrganisationId, PagesInWork>();
  const placesOf = (organisation: OrganisationId): PagesInWork => {
    const existing = places.get(organisation) ?? new PagesInWork(UPLOADS_OF_ORGANISATION);
    places.set(organisation, existing);
    return existing;
  };
  app.decorateRequest('site', undefined);
  app.decorateRequest('place', undefined);
  // Before the body is read: who may not send it costs nothing.
  app.addHook('onRequest', async (request) => {
    request.site = await authenticateSite(request.headers.authorization);
  });
  // Not read here: it is streamed into the store.
  app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));

  app.head(
    '/blobs/:sha256',
    {
      schema: {
        summary: 'How much of a blob has arrived',
        description: 'Header `upload-offset`: bytes. Header `upload-complete`: ?1 when it is stored, ?0 when it goes on there.',
        tags: ['site'],
        params: BlobPath,
        response: problems(400, 401, 403, 503),
      },
    },
    async (request, reply) => {
      const state = await uploads.state(siteOf(request).organisationId, blobHash(request.params.sha256));
      const complete = state.state === 'complete';
      return reply
        .code(204)
        .header('upload-complete', complete ? '?1' : '?0')
        .header('upload-offset', String(complete ? state.bytes : state.offset))
        .send();
    },
  );

  app.put(
    '/blobs/:sha256',
    {
      schema: {
        summary: 'Store a blob',
        description: 'Body: its bytes (application/octet-stream, Content-Length given); with Content-Range those from `upload-offset` to the end. 201: stored. 200: it was there.',
        tags: ['site'],
        params: BlobPath,
        headers: Headers,
        response: problems(400, 401, 403, 413, 422, 429, 503),
      },
      onRequest: async (request: FastifyRequest, reply: FastifyReply) => enterPlace(placesOf(siteOf(request).organisationId), request, reply),
    },
    async (request, reply) => {
      const { place } = request;
      // Fastify parses no empty body.
      const body = request.headers['content-length'] === '0' ? Readable.from([]) : request.body;
      if (!(body instanceof Readable)) throw new RequestInvalidError('body', [{ path: '', message: 'must be application/octet-stream' }]);
      if (place === undefined) throw new Error('an upload without a place');
      const { offset, totalBytes } = extentOf(request.headers['content-length'], request.headers['content-range']);
      if (totalBytes > largestBytes) {
        void reply.header('connection', 'close');
        throw tooLarge(largestBytes);
      }
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      try {
        const stored = await place.applying(() =>
          uploads.receive(
            {
              organisation: siteOf(request).organisationId,
              hash: blobHash(request.params.sha256),
              offset,
              totalBytes,
              // An answer must be possible before the end.
              body: body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>,
            },
            gone.signal,
          ),
        );
        return await reply.code(stored ? 201 : 200).send();
      } catch (error) {
        // What is left of the body is not worth reading.
        void reply.header('connection', 'close');
        throw asBusy(error);
      }
    },
  );
};

/** @throws RequestInvalidError */
function extentOf(length: string | undefined, range: string | undefined): { readonly offset: number; readonly totalBytes: number } {
  const invalid = (message: string) => new RequestInvalidError('headers', [{ path: '', message }]);
  if (length === undefined) throw invalid('must have Content-Length');
  const bytes = Number(length);
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(range ?? '');
  if (match === null) return { offset: 0, totalBytes: bytes };
  const [offset = 0, last, total] = match.slice(1).map(Number);
  if (last !== offset + bytes - 1 || total !== offset + bytes) throw invalid('Content-Range must go to the end and be as long as the body');
  return { offset, totalBytes: offset + bytes };
}

const tooLarge = (limitBytes: number): ApiError =>
  new ApiError({
    status: 413,
    code: 'blob.too-large',
    message: `Content of more than ${limitBytes / 1_000_000} MB is not taken.`,
    next: 'Raise LOCKSTEP_LARGEST_BLOB_MB on the server if it should be.',
  });
