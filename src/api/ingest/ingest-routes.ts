/**
 * The ingest API: where a site gets what it needs for a run and puts what it read. Mounted at /site/v1;
 * src/shared/site-contract.ts is the contract. Everything that a site sends is untrusted: it reaches open runs of its
 * own integrations only, and every field is checked.
 */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { type Database, type OrganisationTransaction, withOrganisation } from '../../archive/database.ts';
import { commitDirectoryPage, openDirectoryReading, type ReadingRun } from '../../archive/directory-reading.ts';
import { storable } from '../../archive/directory-text.ts';
import { ConflictError } from '../../archive/record-errors.ts';
import { noteProgress } from '../../archive/runs.ts';
import { findOpenRunOfSite, saveRunError, saveRunReport, type SiteRun } from '../../archive/site-runs.ts';
import { refreshStatistics } from '../../archive/statistics.ts';
import type { Keyring } from '../../security/keyring.ts';
import { directoryCredentialInfo } from '../../security/seal.ts';
import { directoryTestSteps } from '../../shared/directory.ts';
import { errorClasses, LockstepError } from '../../shared/errors.ts';
import { runId } from '../../shared/ids.ts';
import type { SitePrincipal } from '../../shared/principal.ts';
import type { OpenRunAnswer, PageAnswer } from '../../shared/site-contract.ts';
import { Uuid } from '../schemas/common.ts';
import { problems } from '../schemas/responses.ts';
import { hashBodies, ingestValidatorCompiler, PAGE_LIMIT_BYTES, PageBody, requireHash } from './page-body.ts';
import { asBusy, PagesInWork, type PlaceInWork } from './pages-in-work.ts';

export interface IngestRoutesOptions {
  readonly database: Database;
  readonly keyring: Pick<Keyring, 'decrypt'>;
  authenticateSite(authorizationHeader: string | undefined): Promise<SitePrincipal>;
  /** Called once for each page that was committed, with its number of entries. */
  readonly onPageApplied?: (entries: number) => void;
  /** Pages received or applied at once; each holds a database connection. Default 4 of the pool's 10. */
  readonly maxPagesInWork?: number;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on every ingest route. */
    site: SitePrincipal | undefined;
    /** Set where pages are taken. */
    place: PlaceInWork | undefined;
  }
}

const RunPath = Type.Object({ run: Uuid });
const Position = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const PagePath = Type.Object({ run: Uuid, epoch: Position, seq: Position });
const Sentence = Type.String({ maxLength: 4000 });
const Code = Type.String({ pattern: '^[a-z0-9]+(?:[.-][a-z0-9]+)*$', maxLength: 64 });
const literals = <T extends string>(values: readonly T[]) => Type.Union(values.map((value) => Type.Literal(value)));

const Report = Type.Object({
  steps: Type.Array(
    Type.Object({
      step: literals(directoryTestSteps),
      outcome: literals(['passed', 'failed', 'skipped'] as const),
      detail: Sentence,
      code: Type.Optional(Code),
      next: Type.Optional(Sentence),
      durationMs: Type.Number({ minimum: 0 }),
    }),
    { maxItems: directoryTestSteps.length },
  ),
});
const ErrorBody = Type.Object({ class: literals(errorClasses), code: Code, message: Sentence, next: Sentence });

export const ingestRoutes: FastifyPluginAsyncTypebox<IngestRoutesOptions> = async (app, options) => {
  const { database, keyring } = options;
  const pages = new PagesInWork(options.maxPagesInWork ?? 4);
  app.decorateRequest('site', undefined);
  app.decorateRequest('place', undefined);
  app.setValidatorCompiler(ingestValidatorCompiler());
  hashBodies(app);
  // Before the body is read: who may not send it costs nothing.
  app.addHook('onRequest', async (request) => {
    request.site = await options.authenticateSite(request.headers.authorization);
  });

  /** Runs `work` on an open run of the site that asks, in one transaction. */
  const onRun = <T>(
    request: FastifyRequest<{ Params: { run: string } }>,
    work: (tx: OrganisationTransaction, run: SiteRun) => Promise<T>,
  ) => {
    const site = siteOf(request);
    return withOrganisation(database, site.organisationId, async (tx) =>
      work(tx, await findOpenRunOfSite(tx, site.siteId, runId(request.params.run))),
    );
  };

  app.post(
    '/runs/:run/open',
    {
      schema: {
        summary: 'Begin an attempt of a run',
        tags: ['site'],
        params: RunPath,
        response: problems(401, 403, 404, 409, 422),
      },
    },
    async (request): Promise<OpenRunAnswer> => {
      const { run, cursor } = await onRun(request, async (tx, open) => {
        if (open.credential === null) throw credentialMissing();
        if (isReading(open)) return { run: open, cursor: await openDirectoryReading(tx, open) };
        await noteProgress(tx, open.id);
        return { run: open, cursor: undefined };
      });
      // Outside the transaction: the keyring takes a connection of its own.
      const sealed = await keyring.decrypt(
        siteOf(request).organisationId,
        'secrets',
        run.credential ?? Buffer.alloc(0),
        directoryCredentialInfo(run.integration),
      );
      return {
        integrationId: run.integration,
        settings: run.settings,
        sealedCredential: sealed.toString('base64'),
        ...(cursor === undefined ? {} : { cursor }),
      };
    },
  );

  app.post(
    '/runs/:run/pages/:epoch/:seq',
    {
      bodyLimit: PAGE_LIMIT_BYTES,
      schema: {
        summary: 'Commit one page of a reading',
        tags: ['site'],
        params: PagePath,
        headers: Type.Object({ 'x-page-sha256': Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
        body: PageBody,
        response: problems(400, 401, 403, 404, 409, 413, 422, 429, 503),
      },
      onRequest: async (request, reply) => {
        const place = pages.enter();
        request.place = place;
        // The site may have hung up while it was authenticated: then there is no 'close' to come.
        if (reply.raw.destroyed || request.raw.destroyed) place.connectionClosed();
        else reply.raw.once('close', () => place.connectionClosed());
      },
    },
    async (request): Promise<PageAnswer> => {
      const hash = requireHash(request.bodyHash, request.headers['x-page-sha256']);
      const { epoch, seq } = request.params;
      const commit = async () => {
        const answer = await onRun(request, async (tx, run) => {
          if (!isReading(run)) throw notAReading();
          return commitDirectoryPage(tx, run, { epoch, seq }, pageOf(request.body), hash);
        });
        await refreshStatistics(database);
        return answer;
      };
      const answer = await placeOf(request)
        .applying(commit)
        .catch((error: unknown) => {
          throw asBusy(error);
        });
      if (answer.outcome === 'applied') options.onPageApplied?.(request.body.entries.length);
      return answer;
    },
  );

  app.put(
    '/runs/:run/report',
    {
      schema: {
        summary: 'Steps of a connection test',
        tags: ['site'],
        params: RunPath,
        body: Report,
        response: problems(400, 401, 403, 404, 409),
      },
    },
    async (request, reply) => {
      await onRun(request, async (tx, run) => {
        if (run.kind !== 'directory-test') throw notATest();
        const steps = request.body.steps.map(({ detail, next, ...step }) => ({
          ...step,
          detail: storable(detail),
          ...(next === undefined ? {} : { next: storable(next) }),
        }));
        await saveRunReport(tx, run.id, steps);
      });
      return reply.code(204).send();
    },
  );

  app.put(
    '/runs/:run/error',
    {
      schema: {
        summary: 'Why an attempt failed',
        tags: ['site'],
        params: RunPath,
        body: ErrorBody,
        response: problems(400, 401, 403, 404, 409),
      },
    },
    async (request, reply) => {
      const { class: errorClass, code, message, next } = request.body;
      await onRun(request, (tx, run) =>
        saveRunError(tx, run.id, { class: errorClass, code, message: storable(message), next: storable(next) }),
      );
      return reply.code(204).send();
    },
  );
};

function siteOf(request: FastifyRequest): SitePrincipal {
  if (request.site === undefined) throw new Error('an ingest route without a site');
  return request.site;
}

function placeOf(request: FastifyRequest): PlaceInWork {
  if (request.place === undefined) throw new Error('a page without a place');
  return request.place;
}

const isReading = (run: SiteRun): run is SiteRun & ReadingRun => run.kind !== 'directory-test';

/** Only what the contract knows; `watermark` is absent rather than undefined. */
const pageOf = ({ entries, members, problems: found, last, watermark }: Type.Static<typeof PageBody>) => ({
  entries,
  members,
  problems: found,
  last,
  ...(watermark === undefined ? {} : { watermark }),
});

const credentialMissing = (): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'directory.credential-missing',
    message: 'The directory has no password.',
    next: 'Set it: lockstep directory change NAME --password (or --password-stdin).',
  });
const notAReading = (): ConflictError =>
  new ConflictError({
    code: 'run.not-a-reading',
    message: 'This run takes no pages.',
    next: 'Upgrade site and server to versions that go together.',
  });
const notATest = (): ConflictError =>
  new ConflictError({
    code: 'run.not-a-test',
    message: 'This run takes no report.',
    next: 'Upgrade site and server to versions that go together.',
  });
