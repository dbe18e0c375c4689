import { Client, Connection } from '@temporalio/client';
import { ensureNamespace } from '../../src/client/namespace.ts';
import { component } from './component.ts';
import { temporal } from './temporal.ts';

/** The namespace of the whole test run, made through the product's own code. */
export const LAB_NAMESPACE = 'lab';

/** A client without codec, so that tests see what the server sees. Close its connection. */
export async function labClient(): Promise<Client> {
  const { address } = await temporal();
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace: LAB_NAMESPACE });
  await component('namespace', async () => {
    await ensureNamespace(client);
    return {};
  });
  return client;
}
