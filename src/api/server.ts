/** The HTTP side of the server: every route, one way to authenticate, one way to fail. */
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { BlobStorage } from '../archive/blobs/blob-storage.ts';
import type { Database } from '../archive/database.ts';
import type { Engine } from '../client/engine.ts';
import type { Keyring } from '../security/keyring.ts';
import { authenticateSite } from '../security/site-token.ts';
import { requireAccess } from './access.ts';
import { createEngineCalls } from './engine-calls.ts';
import { FailedAttempts } from './failed-attempts.ts';
import { blobRoutes } from './ingest/blob-routes.ts';
import { ingestRoutes } from './ingest/ingest-routes.ts';
import { createApiMetrics } from './metrics.ts';
import { describeRoutes, describeSiteRoutes, hideRoutes } from './openapi.ts';
import { answerProblem, answerProblems } from './problem-handler.ts';
import { logRequests, redactedPaths, requestIdOf } from './request-log.ts';
import { archiveRoutes } from './routes/archive.ts';
import { configRoutes } from './routes/config.ts';
import { connectionRoutes } from './routes/connections.ts';
import { directoryRoutes } from './routes/directories.ts';
import { groupRoutes } from './routes/groups.ts';
import { healthRoutes } from './routes/health.ts';
import { messageContentRoutes } from './routes/message-content.ts';
import { mailboxContentRoutes } from './routes/mailbox-contents.ts';
import { mailboxRoutes } from './routes/mailboxes.ts';
import { organisationRoutes } from './routes/organisations.ts';
import { peopleRoutes } from './routes/people.ts';
import { heldRunRoutes } from './routes/held-runs.ts';
import { runResultRoutes } from './routes/run-results.ts';
import { runRoutes } from './routes/runs.ts';
import { siteAdminRoutes } from './routes/sites.ts';
import { taskPartRoutes } from './routes/task-parts.ts';
import { resyncRoutes } from './routes/resync.ts';
import { taskStatusRoutes } from './routes/task-status.ts';
import { taskRoutes } from './routes/tasks.ts';
import { auditRoutes } from './routes/audit.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { unreadableItemRoutes } from './routes/unreadable-items.ts';
import { siteRoutes, type SiteRoutesOptions } from './site/site-routes.ts';
import { temporalUiRoutes } from './temporal-ui/temporal-ui-routes.ts';
import { uiLinkRoutes } from './temporal-ui/ui-link-routes.ts';
import { createValidatorCompiler } from './validation.ts';

export interface ApiDependencies {
  readonly database: Database;
  readonly keyring: Keyring;
  readonly engine: Engine;
  readonly blobs: BlobStorage;
  /** Largest blob that a site may send. */
  readonly largestBlobBytes: number;
  readonly logger: Logger;
  /** Metrics are registered here; nothing else of the process's default registry is touched. */
  readonly registry: Registry;
  /** Of this program, shown in the API reference. */
  readonly version: string;
  /** Where sites reach Temporal: told to each with its token. */
  readonly gateway: SiteRoutesOptions['gateway'];
  /** The Temporal UI, shown below this API's own origin (`publicUrl`, as browsers reach it); absent: not shown. */
  readonly temporalUi?: { readonly uiUrl: string; readonly publicUrl: string } | undefined;
  /** Certificate chain and key in PEM; absent: no TLS (behind a proxy that does it, or on loopback). */
  readonly tls?: { readonly certificate: Buffer; readonly key: Buffer } | undefined;
  /** True behind a reverse proxy that sets X-Forwarded-For; default false. */
  readonly trustProxy?: boolean;
  /** The clock of schedules ("next runs"); default: now. */
  readonly now?: () => Date;
}

/** Largest body of an administrative request: a configuration of some thousand directories. Ingest sets its own. */
const BODY_LIMIT_BYTES = 1024 * 1024;

/**
 * Makes the API, ready to `listen` or `inject`. It starts nothing by itself and ends nothing of its dependencies.
 */
export async function createApi(deps: ApiDependencies): Promise<FastifyInstance> {
  const { database, keyring, engine } = deps;
  const logger: FastifyBaseLogger = deps.logger.child({ part: 'api' }, { redact: redactedPaths });
  const { tls } = deps;
  const app = Fastify({
    serverFactory: (handler) =>
      tls === undefined ? createHttpServer(handler) : createHttpsServer({ cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.2' }, handler),
    loggerInstance: logger,
    // Its lines hold paths, and paths hold addresses; request-log.ts has its own.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: (request) => requestIdOf(request.headers['x-request-id']),
    bodyLimit: BODY_LIMIT_BYTES,
    trustProxy: deps.trustProxy ?? false,
    // Connections that wait for nothing must not keep the server from stopping.
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    frameworkErrors: answerProblem,
  });
  const metrics = createApiMetrics(deps.registry, database);

  app.setValidatorCompiler(createValidatorCompiler());
  answerProblems(app);
  logRequests(app, metrics);
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });

  await describeRoutes(app, deps.version);
  await app.register(healthRoutes, { database, engine, keyring, metrics });
  // Whoever opens the address in a browser sees what there is.
  app.get('/', { schema: { hide: true } }, (_request, reply) => reply.redirect('/docs'));
  const { temporalUi } = deps;
  if (temporalUi !== undefined) {
    await app.register(async (ui) => {
      hideRoutes(ui);
      await ui.register(temporalUiRoutes, { database, keyring, ...temporalUi, namespace: deps.gateway.namespace });
    });
  }
  const engineCalls = createEngineCalls(engine, app.log);
  await app.register(
    async (site) => {
      describeSiteRoutes(site);
      const authenticate = (header: string | undefined) => authenticateSite({ database, keyring }, header);
      const common = { database, keyring, authenticateSite: authenticate };
      await site.register(siteRoutes, { ...common, gateway: deps.gateway });
      await site.register(ingestRoutes, {
        ...common,
        blobs: deps.blobs,
        onPageApplied: (entries) => metrics.pageApplied(entries),
        startRun: (organisation, run) => engineCalls.startRun(organisation, run),
      });
      await site.register(blobRoutes, { ...common, storage: deps.blobs, largestBytes: deps.largestBlobBytes });
    },
    { prefix: '/site/v1' },
  );
  const routes = {
    database,
    keyring,
    blobs: deps.blobs,
    engine,
    engineCalls,
    now: deps.now ?? (() => new Date()),
  };
  await app.register(
    async (admin) => {
      requireAccess(admin, { database, failedAttempts: new FailedAttempts() });
      await admin.register(organisationRoutes, routes);
      await admin.register(tokenRoutes, routes);
      await admin.register(auditRoutes, routes);
      await admin.register(siteAdminRoutes, routes);
      await admin.register(directoryRoutes, routes);
      await admin.register(runRoutes, routes);
      await admin.register(runResultRoutes, routes);
      await admin.register(heldRunRoutes, routes);
      await admin.register(peopleRoutes, routes);
      await admin.register(groupRoutes, routes);
      await admin.register(connectionRoutes, routes);
      await admin.register(taskPartRoutes, routes);
      await admin.register(taskRoutes, routes);
      await admin.register(taskStatusRoutes, routes);
      await admin.register(mailboxRoutes, routes);
      await admin.register(mailboxContentRoutes, routes);
      await admin.register(messageContentRoutes, routes);
      await admin.register(unreadableItemRoutes, routes);
      await admin.register(resyncRoutes, routes);
      await admin.register(archiveRoutes, routes);
      await admin.register(configRoutes, routes);
      if (temporalUi !== undefined) await admin.register(uiLinkRoutes, { database, publicUrl: temporalUi.publicUrl });
    },
    { prefix: '/api/v1' },
  );
  return app;
}
