import type { ConnectionTestReport, OpenConnectionTest } from '../shared/connection-test.ts';
import type { RunId } from '../shared/ids.ts';
import { createPlatformRequests, type PlatformRequestOptions } from './platform-requests.ts';

/** The ingest API of connection tests as a site uses it (src/shared/connection-test.ts). Every call may be repeated without harm. */
export interface ConnectionTestClient {
  openTest(run: RunId, signal: AbortSignal): Promise<OpenConnectionTest>;
  putReport(run: RunId, report: ConnectionTestReport, signal: AbortSignal): Promise<void>;
}

export function createConnectionTestClient(options: PlatformRequestOptions): ConnectionTestClient {
  const send = createPlatformRequests(options);
  const path = (run: RunId) => `/runs/${run}/connection-test`;
  return {
    openTest: async (run, signal) => (await send({ method: 'POST', path: path(run) }, signal)) as OpenConnectionTest,
    putReport: async (run, report, signal) => void (await send({ method: 'PUT', path: path(run), body: Buffer.from(JSON.stringify(report)) }, signal)),
  };
}
