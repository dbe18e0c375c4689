import { createHash } from 'node:crypto';
import type { DirectoryChangesPage, DirectoryPage } from '../shared/directory.ts';
import type { ErrorReport } from '../shared/errors.ts';
import type { IntegrationId, RunId } from '../shared/ids.ts';
import type { NeedsFullRequest, OpenRunAnswer, PageAnswer, RunReport, WatchAnswer, WatchRequest } from '../shared/site-contract.ts';
import { createPlatformRequests, type PlatformRequestOptions } from './platform-requests.ts';

/** Where a page belongs. */
export interface PageCursor {
  readonly epoch: number;
  readonly seq: number;
}

/** The ingest API as a site uses it (src/shared/site-contract.ts). Every call may be repeated without harm. */
export interface IngestClient {
  openRun(runId: RunId, signal: AbortSignal): Promise<OpenRunAnswer>;
  postPage(runId: RunId, cursor: PageCursor, page: DirectoryPage, signal: AbortSignal): Promise<PageAnswer>;
  putReport(runId: RunId, report: RunReport, signal: AbortSignal): Promise<void>;
  putError(runId: RunId, report: ErrorReport, signal: AbortSignal): Promise<void>;
  watch(integration: IntegrationId, request: WatchRequest, signal: AbortSignal): Promise<WatchAnswer>;
  postChanges(integration: IntegrationId, cursor: PageCursor, page: DirectoryChangesPage, signal: AbortSignal): Promise<PageAnswer>;
  needsFull(integration: IntegrationId, request: NeedsFullRequest, signal: AbortSignal): Promise<void>;
}

export function createIngestClient(options: PlatformRequestOptions): IngestClient {
  const request = createPlatformRequests(options);
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const page = async (path: string, { epoch, seq }: PageCursor, content: DirectoryPage | DirectoryChangesPage, signal: AbortSignal): Promise<PageAnswer> => {
    const body = json(content);
    const headers = { 'x-page-sha256': createHash('sha256').update(body).digest('hex') };
    return (await request({ method: 'POST', path: `${path}/${epoch}/${seq}`, body, headers }, signal)) as PageAnswer;
  };
  const put = async (path: string, value: unknown, signal: AbortSignal): Promise<void> => void (await request({ method: 'PUT', path, body: json(value) }, signal));
  return {
    openRun: async (runId, signal) => (await request({ method: 'POST', path: `/runs/${runId}/open` }, signal)) as OpenRunAnswer,
    postPage: (runId, cursor, content, signal) => page(`/runs/${runId}/pages`, cursor, content, signal),
    putReport: (runId, report, signal) => put(`/runs/${runId}/report`, report, signal),
    putError: (runId, report, signal) => put(`/runs/${runId}/error`, report, signal),
    watch: async (id, question, signal) => (await request({ method: 'POST', path: `/integrations/${id}/watch`, body: json(question) }, signal)) as WatchAnswer,
    postChanges: (id, cursor, content, signal) => page(`/integrations/${id}/changes`, cursor, content, signal),
    needsFull: async (id, reason, signal) => void (await request({ method: 'POST', path: `/integrations/${id}/needs-full`, body: json(reason) }, signal)),
  };
}
