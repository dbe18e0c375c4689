import { isGrpcServiceError } from '@temporalio/client';
import { status } from '@grpc/grpc-js';
import type { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import { LockstepError } from '../shared/errors.ts';
import { searchAttributes } from '../shared/search-attributes.ts';

/** Histories are for looking at recent runs; the results are in PostgreSQL. */
const retention = msToTs('7 days');

/**
 * Makes the namespace and the search attributes that workflows use; harmless when they exist. On Temporal Cloud, where
 * an application may not make them, it only checks that they are there.
 * @throws LockstepError ConfigInvalid when something is missing and may not be made
 */
export async function ensureNamespace(client: Client): Promise<void> {
  const connection = client.connection as Connection;
  const namespace = client.options.namespace;
  await ensureExists(connection, namespace);
  const names = Object.values(searchAttributes);
  const missing = async () => {
    const known = await connection.operatorService.listSearchAttributes({ namespace });
    return names.filter((name) => !(name in (known.customAttributes ?? {})));
  };
  try {
    // A namespace that was just made is not known to every part of the server at once.
    await retryWhileUnknown(async () => {
      const wanted = await missing();
      if (wanted.length === 0) return;
      await connection.operatorService.addSearchAttributes({
        namespace,
        searchAttributes: Object.fromEntries(
          wanted.map((name) => [name, proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD]),
        ),
      });
    });
  } catch (cause) {
    if (isGrpcServiceError(cause) && cause.code === status.ALREADY_EXISTS) return;
    throw new LockstepError({
      class: 'ConfigInvalid',
      code: 'temporal.search-attributes',
      message: `The search attributes of namespace ${namespace} could not be made.`,
      next: `Add these as Keyword: ${names.join(', ')} (temporal/README.md).`,
      cause,
    });
  }
}

async function ensureExists(connection: Connection, namespace: string): Promise<void> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
    return;
  } catch (error) {
    if (!isGrpcServiceError(error) || error.code !== status.NOT_FOUND) throw unreachable(namespace, error);
  }
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      description: 'Lockstep',
      workflowExecutionRetentionPeriod: retention,
    });
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === status.ALREADY_EXISTS) return;
    throw unreachable(namespace, error);
  }
}

const unreachable = (namespace: string, cause: unknown) =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'temporal.namespace',
    message: `The Temporal namespace ${namespace} cannot be used or made.`,
    next: 'Make it by hand, or check TEMPORAL_NAMESPACE, the API key and its rights (temporal/cloud.md).',
    cause,
  });

async function retryWhileUnknown(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === 30 || !isGrpcServiceError(error) || error.code !== status.NOT_FOUND) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
