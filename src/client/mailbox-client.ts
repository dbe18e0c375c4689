import { createHash } from 'node:crypto';
import type { ConnectionId, FolderId, RunId } from '../shared/ids.ts';
import type { FolderPage, HierarchyPage } from '../shared/mailbox.ts';
import type {
  ClaimAnswer, ClaimRequest, ConnectionAnswer, ContentReport, ContentWork, CursorState, MailboxClaim, MailboxPageAnswer, MailboxResult, PassCompletion,
} from '../shared/mailbox-contract.ts';
import { createPlatformRequests, type PlatformRequestOptions } from './platform-requests.ts';

/** What proves that the caller works on a mailbox. */
export type Claimed = Pick<MailboxClaim, 'mailbox' | 'lease'>;
export interface PagePosition {
  readonly epoch: number;
  readonly seq: number;
}

/**
 * The ingest API of mailboxes as a site uses it (src/shared/mailbox-contract.ts). Every call may be repeated without harm. CursorInvalid
 * `mailbox.lease-lost`: another attempt has the mailbox.
 */
export interface MailboxClient {
  connection(connection: ConnectionId, signal: AbortSignal): Promise<ConnectionAnswer>;
  claim(run: RunId, request: ClaimRequest, signal: AbortSignal): Promise<ClaimAnswer>;
  postHierarchy(claimed: Claimed, position: PagePosition, page: HierarchyPage, signal: AbortSignal): Promise<MailboxPageAnswer>;
  postFolder(claimed: Claimed, folder: FolderId, position: PagePosition, page: FolderPage, signal: AbortSignal): Promise<MailboxPageAnswer>;
  /** Null: the hierarchy. */
  restart(claimed: Claimed, folder: FolderId | null, signal: AbortSignal): Promise<CursorState>;
  complete(claimed: Claimed, completion: PassCompletion, signal: AbortSignal): Promise<void>;
  /** `after`: `next` of the page before. */
  nextContent(claimed: Claimed, after: string | null, signal: AbortSignal): Promise<ContentWork>;
  reportContent(claimed: Claimed, report: ContentReport, signal: AbortSignal): Promise<void>;
  putResults(run: RunId, results: readonly MailboxResult[], signal: AbortSignal): Promise<void>;
}

export function createMailboxClient(options: PlatformRequestOptions): MailboxClient {
  const send = createPlatformRequests(options);
  const post = (path: string, value: unknown, signal: AbortSignal, lease?: string, hashed = false): Promise<unknown> => {
    const body = Buffer.from(JSON.stringify(value));
    const headers = {
      ...(lease === undefined ? {} : { 'x-lockstep-lease': lease }),
      ...(hashed ? { 'x-page-sha256': createHash('sha256').update(body).digest('hex') } : {}),
    };
    return send({ method: 'POST', path, body, headers }, signal);
  };
  const page = async ({ mailbox, lease }: Claimed, what: string, { epoch, seq }: PagePosition, content: HierarchyPage | FolderPage, signal: AbortSignal) =>
    (await post(`/mailboxes/${mailbox}/${what}/${epoch}/${seq}`, content, signal, lease, true)) as MailboxPageAnswer;
  const scope = (folder: FolderId | null) => (folder === null ? 'hierarchy' : `folders/${folder}`);
  return {
    connection: async (connection, signal) => (await send({ method: 'GET', path: `/connections/${connection}` }, signal)) as ConnectionAnswer,
    claim: async (run, request, signal) => (await post(`/runs/${run}/mailboxes/claim`, request, signal)) as ClaimAnswer,
    postHierarchy: (claimed, position, content, signal) => page(claimed, scope(null), position, content, signal),
    postFolder: (claimed, folder, position, content, signal) => page(claimed, scope(folder), position, content, signal),
    restart: async ({ mailbox, lease }, folder, signal) => (await post(`/mailboxes/${mailbox}/${scope(folder)}/restart`, {}, signal, lease)) as CursorState,
    complete: async ({ mailbox, lease }, completion, signal) => void (await post(`/mailboxes/${mailbox}/complete`, completion, signal, lease)),
    nextContent: async ({ mailbox, lease }, after, signal) => (await post(`/mailboxes/${mailbox}/content/next`, { after }, signal, lease)) as ContentWork,
    reportContent: async ({ mailbox, lease }, report, signal) => void (await post(`/mailboxes/${mailbox}/content`, report, signal, lease)),
    putResults: async (run, results, signal) => void (await post(`/runs/${run}/mailboxes/results`, { results }, signal)),
  };
}
