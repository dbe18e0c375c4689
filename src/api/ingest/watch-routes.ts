/** What a watcher says and asks: src/shared/site-contract.ts. It belongs to no run, so it reaches its site's integrations only. */
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { type OrganisationTransaction, withOrganisation } from '../../archive/database.ts';
import { storable } from '../../archive/directory-text.ts';
import { commitChangesPage, openChanges, requestDueReconcile, requestReconcile } from '../../archive/directory-tracking.ts';
import { findWatchedIntegration, noteWatcher, type WatchedIntegration } from '../../archive/watched-integration.ts';
import { DEFAULT_POLL_SECONDS, reconcileReasons } from '../../shared/directory.ts';
import { integrationId } from '../../shared/ids.ts';
import type { PageAnswer, WatchAnswer } from '../../shared/site-contract.ts';
import { Uuid } from '../schemas/common.ts';
import { problems } from '../schemas/responses.ts';
import {
  commitInPlace,
  ErrorBody,
  errorOf,
  type IngestApp,
  type IngestRoutesOptions,
  literals,
  PageHeaders,
  Position,
  requireCredential,
  sealedCredential,
  Sentence,
  siteOf,
  takePlace,
} from './ingest-request.ts';
import { ChangesPageBody, PAGE_LIMIT_BYTES, requireHash } from './page-body.ts';
import type { PagesInWork } from './pages-in-work.ts';

const IntegrationPath = Type.Object({ integration: Uuid });
const ChangesPath = Type.Object({ integration: Uuid, epoch: Position, seq: Position });

export function watchRoutes(app: IngestApp, options: IngestRoutesOptions, pages: PagesInWork): void {
  const { database, keyring } = options;

  /** Runs `work` on an integration of the site that asks, in one transaction. */
  const onIntegration = <T>(
    request: FastifyRequest<{ Params: { integration: string } }>,
    work: (tx: OrganisationTransaction, integration: WatchedIntegration) => Promise<T>,
  ) => {
    const site = siteOf(request);
    return withOrganisation(database, site.organisationId, async (tx) =>
      work(tx, await findWatchedIntegration(tx, site.siteId, integrationId(request.params.integration))),
    );
  };

  app.post(
    '/integrations/:integration/watch',
    {
      schema: {
        summary: 'Begin to watch a directory for changes, or look whether anything is new',
        tags: ['site'],
        params: IntegrationPath,
        body: Type.Object({ known: Type.Optional(Type.String({ maxLength: 64 })), failure: Type.Optional(ErrorBody) }),
        response: problems(400, 401, 403, 404, 409, 422),
      },
    },
    async (request): Promise<WatchAnswer> => {
      const { known, failure } = request.body;
      const { integration, cursor, due } = await onIntegration(request, async (tx, found) => {
        requireCredential(found.credential);
        await noteWatcher(tx, found.id, failure === undefined ? null : errorOf(failure));
        const goOn = await openChanges(tx, found.id);
        return { integration: found, cursor: goOn, due: goOn === undefined ? await requestDueReconcile(tx, found.id) : undefined };
      });
      if (due !== undefined) await options.startRun?.(due.org_id, due.id);
      const { id, settings, credential, version } = integration;
      return {
        version,
        pollSeconds: settings.pollSeconds ?? DEFAULT_POLL_SECONDS,
        ...(known === version
          ? {}
          : { access: { settings, sealedCredential: await sealedCredential(keyring, siteOf(request), id, credential) } }),
        ...(cursor === undefined ? {} : { cursor }),
      };
    },
  );

  app.post(
    '/integrations/:integration/changes/:epoch/:seq',
    {
      bodyLimit: PAGE_LIMIT_BYTES,
      schema: {
        summary: 'Commit one page of changes',
        tags: ['site'],
        params: ChangesPath,
        headers: PageHeaders,
        body: ChangesPageBody,
        response: problems(400, 401, 403, 404, 409, 413, 422, 429, 503),
      },
      onRequest: takePlace(pages),
    },
    async (request): Promise<PageAnswer> => {
      const hash = requireHash(request.bodyHash, request.headers['x-page-sha256']);
      const { epoch, seq } = request.params;
      const answer = await commitInPlace(request, database, () =>
        onIntegration(request, (tx, { id }) => commitChangesPage(tx, id, { epoch, seq }, request.body, hash)),
      );
      if (answer.outcome === 'applied') options.onPageApplied?.(request.body.entries.length + request.body.changes.length);
      return answer;
    },
  );

  app.post(
    '/integrations/:integration/needs-full',
    {
      schema: {
        summary: 'Ask for a full reading, because changes cannot be told any more',
        tags: ['site'],
        params: IntegrationPath,
        body: Type.Object({ epoch: Position, reason: literals(reconcileReasons), detail: Sentence }),
        response: problems(400, 401, 403, 404, 409),
      },
    },
    async (request, reply) => {
      const { epoch, reason, detail } = request.body;
      const run = await onIntegration(request, (tx, { id }) => requestReconcile(tx, id, epoch, { code: reason, detail: storable(detail) }));
      if (run !== undefined) await options.startRun?.(run.org_id, run.id);
      return reply.code(204).send();
    },
  );
}
