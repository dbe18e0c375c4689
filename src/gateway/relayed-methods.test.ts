import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import proto, { type temporal } from '@temporalio/proto';
import { EncryptionCodec } from '../codec/payload-codec.ts';
import { organisationId, siteId } from '../shared/ids.ts';
import { siteQueue } from '../shared/names.ts';
import { type RelayContext, relayedMethods } from './relayed-methods.ts';

const key = { id: randomUUID(), key: randomBytes(32), retiredAt: null };
const keys = { active: async () => key, find: async () => key };
const site = siteId(randomUUID());
const context: RelayContext = {
  site: { kind: 'site', organisationId: organisationId(randomUUID()), siteId: site, node: 'node-1' },
  namespace: 'lockstep',
  codec: new EncryptionCodec(keys),
  tokenKeys: keys,
};
const service = proto.temporal.api.workflowservice.v1;
const methodNamed = (name: string) => {
  const method = relayedMethods.find((candidate) => candidate.name === name);
  if (method === undefined) throw new Error(name);
  return method;
};

/** The request as Temporal gets it, with only the fields that are set. */
async function pollAsRelayed(request: temporal.api.workflowservice.v1.IPollActivityTaskQueueRequest) {
  const bytes = service.PollActivityTaskQueueRequest.encode(request).finish();
  return service.PollActivityTaskQueueRequest.decode(await methodNamed('PollActivityTaskQueue').request(bytes, context));
}

test('A poll reaches Temporal with the identity that the token proves, and without what could touch other workers', async () => {
  const relayed = await pollAsRelayed({
    namespace: 'lockstep',
    taskQueue: { name: siteQueue(site), kind: proto.temporal.api.enums.v1.TaskQueueKind.TASK_QUEUE_KIND_STICKY, normalName: 'lockstep' },
    identity: 'admin',
    workerInstanceKey: 'key-of-another-worker',
    workerControlTaskQueue: 'control',
    deploymentOptions: { deploymentName: 'lockstep', buildId: 'evil' },
    workerVersionCapabilities: { buildId: 'evil', useVersioning: true },
    taskQueueMetadata: { maxTasksPerSecond: { value: 5 } },
  });
  expect(relayed.identity).toBe(`node-1@${siteQueue(site)}`);
  expect(relayed.taskQueue).toMatchObject({ name: siteQueue(site), kind: 1, normalName: '' });
  expect(relayed.taskQueueMetadata?.maxTasksPerSecond?.value).toBe(5);
  expect(relayed.workerInstanceKey).toMatch(/^[0-9a-f]{32}$/);
  expect(relayed.workerControlTaskQueue).toBe('');
  expect(relayed.deploymentOptions ?? null).toBeNull();
  expect(relayed.workerVersionCapabilities ?? null).toBeNull();
});

test('A worker instance key is another one for another site, and the same one each time', async () => {
  const request = { namespace: 'lockstep', taskQueue: { name: siteQueue(site) }, workerInstanceKey: 'k' };
  const [first, second] = [await pollAsRelayed(request), await pollAsRelayed(request)];
  expect(second.workerInstanceKey).toBe(first.workerInstanceKey);
  const paris = siteId(randomUUID());
  const bytes = service.ShutdownWorkerRequest.encode({ namespace: 'lockstep', taskQueue: siteQueue(paris), workerInstanceKey: 'k', stickyTaskQueue: 'lockstep' }).finish();
  const shutdown = await methodNamed('ShutdownWorker').request(bytes, { ...context, site: { ...context.site, siteId: paris } });
  const relayed = service.ShutdownWorkerRequest.decode(shutdown);
  expect(relayed.workerInstanceKey).not.toBe(first.workerInstanceKey);
  expect(relayed.stickyTaskQueue).toBe('');
});

test('The answer to a poll that found nothing is passed on as such', async () => {
  const answer = service.PollActivityTaskQueueResponse.encode({ pollerScalingDecision: { pollRequestDeltaSuggestion: 2 } }).finish();
  const relayed = service.PollActivityTaskQueueResponse.decode(await methodNamed('PollActivityTaskQueue').response(answer, context));
  expect(relayed.taskToken).toHaveLength(0);
  expect(relayed.pollerScalingDecision?.pollRequestDeltaSuggestion).toBe(2);
});

test('Of the namespace a site learns its name, state and limits only', async () => {
  const answer = service.DescribeNamespaceResponse.encode({
    namespaceInfo: { name: 'lockstep', id: 'id', ownerEmail: 'owner@example.com', description: 'internal', data: { a: 'b' }, limits: { blobSizeLimitError: 7 as never } },
    replicationConfig: { activeClusterName: 'active' },
  }).finish();
  const relayed = Buffer.from(await methodNamed('DescribeNamespace').response(answer, context));
  for (const hidden of ['owner@example.com', 'internal', 'active']) expect(relayed.includes(hidden)).toBe(false);
  expect(Number(service.DescribeNamespaceResponse.decode(relayed).namespaceInfo?.limits?.blobSizeLimitError)).toBe(7);
});
