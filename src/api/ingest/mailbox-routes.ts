/** What a site asks and says of mailboxes: src/shared/mailbox-contract.ts. It reaches mailboxes of open runs of its own tasks only. */
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { recordContent } from '../../archive/content/content-report.ts';
import { nextContent } from '../../archive/content/content-work.ts';
import { type OrganisationTransaction, withOrganisation } from '../../archive/database.ts';
import { claimMailboxes, countPage, recordResults } from '../../archive/mailbox-claims.ts';
import { folderCursor, hierarchyCursor, restartReading } from '../../archive/mailbox-cursor.ts';
import { commitHierarchyPage } from '../../archive/mailbox-hierarchy.ts';
import { commitFolderPage, requireFolder } from '../../archive/mailbox-items.ts';
import { holdMailbox, type LeasedMailbox } from '../../archive/mailbox-lease.ts';
import { completePass } from '../../archive/mailbox-pass.ts';
import { findConnectionOfSite } from '../../archive/site-connections.ts';
import { connectionCredentialInfo } from '../../security/seal.ts';
import { LockstepError } from '../../shared/errors.ts';
import { connectionId, folderId, mailboxKey, runId } from '../../shared/ids.ts';
import type { FolderPage, HierarchyPage } from '../../shared/mailbox.ts';
import type { ClaimAnswer, ConnectionAnswer, ContentReport, ContentWork, CursorState, MailboxPageAnswer } from '../../shared/mailbox-contract.ts';
import { Uuid } from '../schemas/common.ts';
import { problems } from '../schemas/responses.ts';
import { commitInPlace, errorOf, type IngestApp, type IngestRoutesOptions, siteOf, takePlace } from './ingest-request.ts';
import {
  ClaimBody, CompletionBody, ContentBody, ContentQuestionBody, FolderBody, FolderPagePath, FolderPath, HierarchyBody, HierarchyPagePath, LeasedPageHeaders, LeaseHeaders,
  MailboxPath, ResultsBody,
} from './mailbox-body.ts';
import { PAGE_LIMIT_BYTES, requireHash } from './page-body.ts';
import type { PagesInWork } from './pages-in-work.ts';

const RunPath = Type.Object({ run: Uuid });
const tags = ['site'];
const refusals = problems(400, 401, 403, 404, 409);
const pageRefusals = problems(400, 401, 403, 404, 409, 413, 422, 429, 503);

export function mailboxRoutes(app: IngestApp, options: IngestRoutesOptions, pages: PagesInWork): void {
  const { database, keyring, blobs } = options;

  /** Runs `work` on a mailbox that the attempt which asks holds, in one transaction. */
  const onMailbox = <T>(
    request: Pick<FastifyRequest, 'site'> & { readonly params: { readonly mailbox: string }; readonly headers: { readonly 'x-lockstep-lease': string } },
    work: (tx: OrganisationTransaction, mailbox: LeasedMailbox) => Promise<T>,
  ) => {
    const { organisationId, siteId } = siteOf(request);
    return withOrganisation(database, organisationId, async (tx) =>
      work(tx, await holdMailbox(tx, siteId, mailboxKey(request.params.mailbox), request.headers['x-lockstep-lease'])),
    );
  };

  /** What a run brought is shown while it goes on. */
  const counted = async (tx: OrganisationTransaction, mailbox: LeasedMailbox, items: number, committed: Promise<MailboxPageAnswer>) => {
    const answer = await committed;
    if (answer.outcome === 'applied') await countPage(tx, mailbox, items);
    return answer;
  };

  app.get(
    '/connections/:connection',
    { schema: { summary: 'How to reach an Exchange', tags, params: Type.Object({ connection: Uuid }), response: problems(401, 403, 404, 422) } },
    async (request): Promise<ConnectionAnswer> => {
      const { organisationId, siteId } = siteOf(request);
      const connection = connectionId(request.params.connection);
      const found = await withOrganisation(database, organisationId, (tx) => findConnectionOfSite(tx, siteId, connection));
      const { version, settings, credential } = found;
      if (credential === null) throw noCredential();
      // Outside of a transaction: the keyring takes a connection of its own.
      const sealed = await keyring.decrypt(organisationId, 'secrets', credential, connectionCredentialInfo(connection));
      return { version, settings, sealedCredential: sealed.toString('base64') };
    },
  );

  app.post(
    '/runs/:run/mailboxes/claim',
    { schema: { summary: 'Take mailboxes of a run to work on', tags, params: RunPath, body: ClaimBody, response: refusals } },
    async (request): Promise<ClaimAnswer> => {
      const { organisationId, siteId } = siteOf(request);
      return withOrganisation(database, organisationId, async (tx) => ({
        mailboxes: await claimMailboxes(tx, siteId, runId(request.params.run), request.body),
      }));
    },
  );

  app.post(
    '/runs/:run/mailboxes/results',
    {
      bodyLimit: PAGE_LIMIT_BYTES,
      schema: { summary: 'How mailboxes ended in a run', tags, params: RunPath, body: ResultsBody, response: refusals },
    },
    async (request, reply) => {
      const { organisationId, siteId } = siteOf(request);
      const results = request.body.results.map(({ ordinal, lease, outcome }) => ({
        ordinal,
        lease,
        outcome: 'error' in outcome ? { ...outcome, error: errorOf(outcome.error) } : outcome,
      }));
      await withOrganisation(database, organisationId, (tx) => recordResults(tx, siteId, runId(request.params.run), results));
      return reply.code(204).send();
    },
  );

  app.post(
    '/mailboxes/:mailbox/hierarchy/:epoch/:seq',
    {
      bodyLimit: PAGE_LIMIT_BYTES,
      schema: { summary: 'Commit one page of folders', tags, params: HierarchyPagePath, headers: LeasedPageHeaders, body: HierarchyBody, response: pageRefusals },
      onRequest: takePlace(pages),
    },
    async (request): Promise<MailboxPageAnswer> => {
      const hash = requireHash(request.bodyHash, request.headers['x-page-sha256']);
      const { epoch, seq } = request.params;
      // The body was checked: its ids are what the source calls ids.
      const page = request.body as unknown as HierarchyPage;
      return commitInPlace(request, database, () =>
        onMailbox(request, (tx, mailbox) => counted(tx, mailbox, 0, commitHierarchyPage(tx, mailbox, { epoch, seq }, page, hash))),
      );
    },
  );

  app.post(
    '/mailboxes/:mailbox/folders/:folder/:epoch/:seq',
    {
      bodyLimit: PAGE_LIMIT_BYTES,
      schema: { summary: 'Commit one page of items', tags, params: FolderPagePath, headers: LeasedPageHeaders, body: FolderBody, response: pageRefusals },
      onRequest: takePlace(pages),
    },
    async (request): Promise<MailboxPageAnswer> => {
      const hash = requireHash(request.bodyHash, request.headers['x-page-sha256']);
      const { epoch, seq } = request.params;
      const folder = folderId(request.params.folder);
      const page = request.body as unknown as FolderPage;
      const items = page.items.length + page.removed.length + page.read.length;
      const answer = await commitInPlace(request, database, () =>
        onMailbox(request, (tx, mailbox) => counted(tx, mailbox, items, commitFolderPage(tx, mailbox, folder, { epoch, seq }, page, hash))),
      );
      if (answer.outcome === 'applied') options.onPageApplied?.(items);
      return answer;
    },
  );

  app.post(
    '/mailboxes/:mailbox/hierarchy/restart',
    { schema: { summary: 'Read the folders from the beginning', tags, params: MailboxPath, headers: LeaseHeaders, response: refusals } },
    async (request): Promise<CursorState> => onMailbox(request, (tx, mailbox) => restartReading(tx, hierarchyCursor(mailbox))),
  );

  app.post(
    '/mailboxes/:mailbox/folders/:folder/restart',
    { schema: { summary: 'Read a folder from the beginning', tags, params: FolderPath, headers: LeaseHeaders, response: refusals } },
    async (request): Promise<CursorState> =>
      onMailbox(request, async (tx, mailbox) => {
        const folder = folderId(request.params.folder);
        await requireFolder(tx, mailbox, folder);
        return restartReading(tx, folderCursor(mailbox, folder));
      }),
  );

  app.post(
    '/mailboxes/:mailbox/complete',
    {
      bodyLimit: PAGE_LIMIT_BYTES,
      schema: { summary: 'A pass over a mailbox is over', tags, params: MailboxPath, headers: LeaseHeaders, body: CompletionBody, response: refusals },
    },
    async (request, reply) => {
      const { hints, failures, wrongHints, verified } = request.body;
      await onMailbox(request, (tx, mailbox) =>
        completePass(tx, mailbox, {
          hints: hints.map(({ folder, hint }) => ({ folder: folderId(folder), hint })),
          failures: failures.map(({ folder, error }) => ({ folder: folderId(folder), error: errorOf(error) })),
          wrongHints: wrongHints.map(folderId),
          verified,
        }),
      );
      return reply.code(204).send();
    },
  );

  app.post(
    '/mailboxes/:mailbox/content/next',
    {
      schema: { summary: 'Items whose content is wanted', tags, params: MailboxPath, headers: LeaseHeaders, body: ContentQuestionBody, response: problems(400, 401, 403, 404, 409, 422) },
    },
    async (request): Promise<ContentWork> => onMailbox(request, (tx, mailbox) => nextContent(tx, mailbox, request.body.after)),
  );

  app.post(
    '/mailboxes/:mailbox/content',
    {
      bodyLimit: PAGE_LIMIT_BYTES,
      schema: { summary: 'What was read of items’ content', tags, params: MailboxPath, headers: LeaseHeaders, body: ContentBody, response: pageRefusals },
      onRequest: takePlace(pages),
    },
    async (request, reply) => {
      const { organisationId } = siteOf(request);
      // The body was checked: its hashes and ids are what they are called.
      const report = request.body as unknown as ContentReport;
      await commitInPlace(request, database, () => recordContent(blobs, organisationId, (work) => onMailbox(request, work), report));
      return reply.code(204).send();
    },
  );
}

const noCredential = (): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'connection.credential-missing',
    message: 'The connection has no password.',
    next: 'Set it: lockstep connection change NAME --password (or --password-stdin).',
  });
