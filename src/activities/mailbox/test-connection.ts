import { Context } from '@temporalio/activity';
import type { Logger } from 'pino';
import type { ConnectionTestClient } from '../../client/connection-test-client.ts';
import { testEwsConnection } from '../../exchange/ews/connection-test.ts';
import type { MailboxSiteActivities } from '../../shared/mailbox-contract.ts';
import { Progress } from '../directory/progress.ts';
import { siteFailure, withClass } from '../directory/site-failure.ts';
import type { ConnectionSources } from './connection-sources.ts';

export interface ConnectionTestDependencies {
  readonly client: ConnectionTestClient;
  readonly sources: Pick<ConnectionSources, 'access'>;
  readonly logger: Logger;
}

/** For the sentence to reach the platform; without it the run still ends with its code. */
const REPORT_MS = 30_000;

/** The site's part of connection tests. What was found goes to the platform; the answer is counts only, a failure is class and code. */
export function createConnectionTestSiteActivities({ client, sources, logger }: ConnectionTestDependencies): Pick<MailboxSiteActivities, 'testConnection'> {
  return {
    async testConnection({ runId }) {
      const context = Context.current();
      using progress = new Progress({ heartbeat: (details) => context.heartbeat(details), signal: context.cancellationSignal });
      const { signal } = progress;
      try {
        const { connection, address } = await client.openTest(runId, signal);
        const steps = await testEwsConnection({ ...(await sources.access(connection, signal)), address }, signal);
        await client.putReport(runId, { steps }, signal);
        const count = (wanted: string) => steps.filter(({ outcome }) => outcome === wanted).length;
        return { passed: count('passed'), failed: count('failed') };
      } catch (error) {
        if (context.cancellationSignal.aborted) throw context.cancellationSignal.reason;
        const failure = withClass(error);
        const log = logger.child({ run: runId, attempt: context.info.attempt });
        log.warn({ class: failure.class, code: failure.code, ...(failure === error ? {} : { err: error }) }, 'connection test failed');
        await client
          .putReport(runId, { error: failure.report() }, AbortSignal.any([context.cancellationSignal, AbortSignal.timeout(REPORT_MS)]))
          .catch((reason: unknown) => log.warn({ err: reason }, 'the reason could not be reported'));
        throw siteFailure(failure);
      }
    },
  };
}
