/**
 * The ingest API: where a site gets what it needs for a run and puts what it read. Mounted at /site/v1;
 * src/shared/site-contract.ts is the contract. Everything that a site sends is untrusted: it reaches open runs of its
 * own integrations only, and every field is checked.
 */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { type OrganisationTransaction, withOrganisation } from '../../archive/database.ts';
import { commitObjectPage, openObjectRun } from '../../archive/directory-object-run.ts';
import { commitDirectoryPage, openDirectoryReading, type ReadingRun } from '../../archive/directory-reading.ts';
import { storable } from '../../archive/directory-text.ts';
import { ConflictError } from '../../archive/record-errors.ts';
import { noteProgress } from '../../archive/runs.ts';
import { findOpenRunOfSite, saveFindings, saveObjectReport, saveRunError, saveRunReport, type SiteRun } from '../../archive/site-runs.ts';
import { type DirectoryFindings, directoryObjectSteps, directoryTestSteps } from '../../shared/directory.ts';
import { runId } from '../../shared/ids.ts';
import type { OpenRunAnswer, PageAnswer } from '../../shared/site-contract.ts';
import { nullable, Uuid } from '../schemas/common.ts';
import { problems } from '../schemas/responses.ts';
import {
  commitInPlace,
  ErrorBody,
  errorOf,
  type IngestRoutesOptions,
  PageHeaders,
  Position,
  requireCredential,
  sealedCredential,
  siteOf,
  Step,
  storableStep,
  takePlace,
} from './ingest-request.ts';
import { connectionTestRoutes } from './connection-test-routes.ts';
import { mailboxRoutes } from './mailbox-routes.ts';
import { hashBodies, ingestValidatorCompiler, PAGE_LIMIT_BYTES, PageBody, requireHash } from './page-body.ts';
import { PagesInWork } from './pages-in-work.ts';
import { watchRoutes } from './watch-routes.ts';

const RunPath = Type.Object({ run: Uuid });
const PagePath = Type.Object({ run: Uuid, epoch: Position, seq: Position });

const Name = Type.String({ maxLength: 2000 });
const Report = Type.Object({
  steps: Type.Optional(Type.Array(Step(directoryTestSteps), { maxItems: directoryTestSteps.length })),
  objectSteps: Type.Optional(Type.Array(Step(directoryObjectSteps), { maxItems: directoryObjectSteps.length })),
  findings: Type.Optional(
    Type.Object({
      domains: Type.Array(
        Type.Object({
          dn: Name,
          dnsName: Name,
          netbiosName: nullable(Name),
          parentDn: nullable(Name),
          own: Type.Boolean(),
        }),
        {
          maxItems: 2000,
        },
      ),
      references: Type.Array(Name, { maxItems: 2000 }),
    }),
  ),
});

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
      const { run, begun } = await onRun(request, async (tx, open) => {
        requireCredential(open.credential);
        if (isReading(open)) {
          const { settings, ...cursor } = await openDirectoryReading(tx, open);
          return { run: { ...open, settings }, begun: { cursor } };
        }
        if (open.object !== null) return { run: open, begun: await openObjectRun(tx, open, open.object) };
        await noteProgress(tx, open.id);
        return { run: open, begun: {} };
      });
      return {
        integrationId: run.integration,
        settings: run.settings,
        sealedCredential: await sealedCredential(keyring, siteOf(request), run.integration, run.credential),
        ...begun,
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
        headers: PageHeaders,
        body: PageBody,
        response: problems(400, 401, 403, 404, 409, 413, 422, 429, 503),
      },
      onRequest: takePlace(pages),
    },
    async (request): Promise<PageAnswer> => {
      const hash = requireHash(request.bodyHash, request.headers['x-page-sha256']);
      const { epoch, seq } = request.params;
      const answer = await commitInPlace(request, database, () =>
        onRun(request, async (tx, run) => {
          if (run.object !== null) return commitObjectPage(tx, run, { epoch, seq }, request.body, hash);
          if (!isReading(run)) throw notAReading();
          return commitDirectoryPage(tx, run, { epoch, seq }, request.body, hash);
        }),
      );
      if (answer.outcome === 'applied') options.onPageApplied?.(request.body.entries.length);
      return answer;
    },
  );

  app.put(
    '/runs/:run/report',
    {
      schema: {
        summary: 'Steps of a connection test or of one object, and what was found beside the objects',
        tags: ['site'],
        params: RunPath,
        body: Report,
        response: problems(400, 401, 403, 404, 409),
      },
    },
    async (request, reply) => {
      const { steps, objectSteps, findings } = request.body;
      await onRun(request, async (tx, run) => {
        if ((steps !== undefined && run.kind !== 'directory-test') || (objectSteps !== undefined && run.object === null)) throw notATest();
        if (steps !== undefined) await saveRunReport(tx, run.id, steps.map(storableStep));
        if (objectSteps !== undefined) await saveObjectReport(tx, run, objectSteps.map(storableStep));
        // What a plan saw with settings that are not saved is no finding of the directory.
        if (findings !== undefined && !run.unsaved) await saveFindings(tx, run, storableFindings(findings));
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
      await onRun(request, (tx, run) => saveRunError(tx, run.id, errorOf(request.body)));
      return reply.code(204).send();
    },
  );

  watchRoutes(app, options, pages);
  mailboxRoutes(app, options, pages);
  connectionTestRoutes(app, options);
};

const isReading = (run: SiteRun): run is SiteRun & ReadingRun => run.kind === 'directory-sync' || run.kind === 'directory-plan';

const storableFindings = (findings: DirectoryFindings): DirectoryFindings => ({
  domains: findings.domains.map((domain) => ({
    dn: storable(domain.dn),
    dnsName: storable(domain.dnsName),
    netbiosName: domain.netbiosName === null ? null : storable(domain.netbiosName),
    parentDn: domain.parentDn === null ? null : storable(domain.parentDn),
    own: domain.own,
  })),
  references: findings.references.map(storable),
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
