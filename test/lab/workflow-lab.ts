import type { Client } from '@temporalio/client';
import { NativeConnection, type WorkflowBundle } from '@temporalio/worker';
import { labClient } from './temporal-client.ts';
import { temporal } from './temporal.ts';
import { workflowBundle } from './workflow-bundle.ts';

/** What it takes to run one workflow with activities of the test's own. */
export interface WorkflowLab {
  readonly client: Client;
  readonly connection: NativeConnection;
  readonly bundle: WorkflowBundle;
  close(): Promise<void>;
}

export async function workflowLab(): Promise<WorkflowLab> {
  const client = await labClient();
  const connection = await NativeConnection.connect({ address: (await temporal()).address });
  return {
    client,
    connection,
    bundle: await workflowBundle(),
    async close() {
      await connection.close();
      await client.connection.close();
    },
  };
}
