import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, Connection, type WorkflowFailedError } from '@temporalio/client';
import proto from '@temporalio/proto';
import { encryptingDataConverter } from '../../src/codec/data-converter.ts';
import { MAX_SUMMARY_BYTES } from '../../src/codec/payload-codec.ts';
import { Keyring } from '../../src/security/keyring.ts';
import { masterKeyOf } from '../../src/security/master-key.ts';
import { rotateInstallationKey } from '../../src/security/rotate-keys.ts';
import { startPlatformWorker } from '../lab/gateway.ts';
import { freshDatabase, type LabDatabase } from '../lab/postgres.ts';
import { LAB_NAMESPACE, labClient } from '../lab/temporal-client.ts';
import { temporal } from '../lab/temporal.ts';

const queue = `codec-${randomUUID()}`;
const masterKey = masterKeyOf(randomBytes(32));
let database: LabDatabase;
let client: Client;
let rawClient: Client;
let worker: { stop(): Promise<void> };

beforeAll(async () => {
  database = await freshDatabase();
  const keyring = await Keyring.open(database.app, masterKey);
  rawClient = await labClient();
  const { address } = await temporal();
  const connection = await Connection.connect({ address });
  client = new Client({ connection, namespace: LAB_NAMESPACE, dataConverter: encryptingDataConverter(keyring.codecKeys()) });
  worker = await startPlatformWorker({ temporalAddress: address, queue, platform: { keyring } });
});
afterAll(async () => {
  await worker.stop();
  await client.connection.close();
  await rawClient.connection.close();
  await database.close();
});

const failWith = (text: string, summary: string, staticSummary = summary) =>
  client.workflow.start('failWith', { workflowId: `codec-${randomUUID()}`, taskQueue: queue, args: [text, summary], staticSummary, memo: { text } });
const failureOf = (result: Promise<unknown>): Promise<WorkflowFailedError> =>
  result.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: WorkflowFailedError) => error,
  );

test('Input, memo, summaries, message, stack, details and cause of a failed workflow are stored as ciphertext, and read back', async () => {
  const secret = `secret-${randomUUID()}`;
  const handle = await failWith(secret, secret);
  const failure = await failureOf(handle.result());
  expect(failure.cause).toMatchObject({ type: 'ConfigInvalid', message: secret, details: [secret], cause: { message: secret } });
  const raw = rawClient.workflow.getHandle(handle.workflowId);
  const history = Buffer.from(proto.temporal.api.history.v1.History.encode(await raw.fetchHistory()).finish());
  const execution = { namespace: LAB_NAMESPACE, execution: { workflowId: handle.workflowId } };
  const description = await rawClient.workflowService.describeWorkflowExecution(execution);
  const described = Buffer.from(proto.temporal.api.workflowservice.v1.DescribeWorkflowExecutionResponse.encode(description).finish());
  expect(history.includes('binary/encrypted')).toBe(true);
  expect(history.includes('Encoded failure')).toBe(true);
  for (const bytes of [history, described]) expect(bytes.includes(secret)).toBe(false);
  expect(history.includes('failWith (')).toBe(false);
});

test('A summary of the length that is promised stays within 400 bytes when it is encrypted', async () => {
  const longest = 'é'.repeat(MAX_SUMMARY_BYTES / 2);
  const handle = await failWith('x', longest);
  expect((await failureOf(handle.result())).cause?.message).toBe('x');
  const { events } = await rawClient.workflow.getHandle(handle.workflowId).fetchHistory();
  const summaries = (events ?? []).flatMap((event) => (event.userMetadata?.summary == null ? [] : [event.userMetadata.summary]));
  const sizes = summaries.map((summary) => proto.temporal.api.common.v1.Payload.encode(summary).finish().length);
  expect(sizes).toHaveLength(2);
  for (const size of sizes) expect(size).toBeLessThanOrEqual(400);
});

test('A run that began before a rotation of the codec key ends after it', async () => {
  const handle = await client.workflow.start('waiter', { workflowId: `codec-${randomUUID()}`, taskQueue: queue });
  await rotateInstallationKey({ database: database.app, masterKey }, 'codec');
  const restarted = await Keyring.open(database.app, masterKey);
  const after = new Client({
    connection: client.connection,
    namespace: LAB_NAMESPACE,
    dataConverter: encryptingDataConverter(restarted.codecKeys()),
  });
  await after.workflow.getHandle(handle.workflowId).signal('release', { after: true });
  expect(await after.workflow.getHandle(handle.workflowId).result()).toBe('released');
  expect(await handle.result()).toBe('released');
});
