/** What a site asks and says of the test of one of its connections: src/shared/connection-test.ts. */
import { Type } from 'typebox';
import { findConnectionTest, saveConnectionSteps, saveConnectionTestError } from '../../archive/connection-tests.ts';
import { withOrganisation } from '../../archive/database.ts';
import { noteProgress } from '../../archive/runs.ts';
import { connectionTestSteps, type OpenConnectionTest } from '../../shared/connection-test.ts';
import { runId } from '../../shared/ids.ts';
import { Uuid } from '../schemas/common.ts';
import { problems } from '../schemas/responses.ts';
import { ErrorBody, errorOf, type IngestApp, type IngestRoutesOptions, siteOf, Step, storableStep } from './ingest-request.ts';

const RunPath = Type.Object({ run: Uuid });
const Report = Type.Union([
  Type.Object({ steps: Type.Array(Step(connectionTestSteps), { maxItems: connectionTestSteps.length }) }),
  Type.Object({ error: ErrorBody }),
]);
const tags = ['site'];

export function connectionTestRoutes(app: IngestApp, { database }: IngestRoutesOptions): void {
  app.post(
    '/runs/:run/connection-test',
    { schema: { summary: 'Begin an attempt to test a connection', tags, params: RunPath, response: problems(401, 403, 404, 409) } },
    async (request): Promise<OpenConnectionTest> => {
      const { organisationId, siteId } = siteOf(request);
      const run = runId(request.params.run);
      return withOrganisation(database, organisationId, async (tx) => {
        const test = await findConnectionTest(tx, siteId, run);
        await noteProgress(tx, run);
        return test;
      });
    },
  );

  app.put(
    '/runs/:run/connection-test',
    { schema: { summary: 'Steps of the test of a connection, or why there was none', tags, params: RunPath, body: Report, response: problems(400, 401, 403, 404, 409) } },
    async (request, reply) => {
      const { organisationId, siteId } = siteOf(request);
      const run = runId(request.params.run);
      const { body } = request;
      await withOrganisation(database, organisationId, async (tx) => {
        const { connection } = await findConnectionTest(tx, siteId, run);
        if ('steps' in body) await saveConnectionSteps(tx, run, connection, body.steps.map(storableStep));
        else await saveConnectionTestError(tx, run, connection, errorOf(body.error));
      });
      return reply.code(204).send();
    },
  );
}
