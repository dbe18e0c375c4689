/**
 * The nine methods of Temporal's WorkflowService that an activity worker needs, and what becomes of each request and answer.
 * Requests are built anew from the fields named here, so that a field that a later API version adds is not relayed unseen.
 * Reference: temporalio/api, temporal/api/workflowservice/v1/request_response.proto.
 */
import { createHash } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import type { PayloadCodec } from '@temporalio/common';
import proto, { type temporal } from '@temporalio/proto';
import type { InstallationKeys } from '../security/installation-keys.ts';
import { siteQueue } from '../shared/names.ts';
import type { SitePrincipal } from '../shared/principal.ts';
import { forbidden, GatewayError } from './gateway-error.ts';
import { openTaskToken, sealTaskToken } from './task-token.ts';
import { decryptHeader, decryptPayloads, encryptFailure, encryptPayloads } from './transcode.ts';

const service = proto.temporal.api.workflowservice.v1;
const TaskQueueKind = proto.temporal.api.enums.v1.TaskQueueKind;
const TaskQueueType = proto.temporal.api.enums.v1.TaskQueueType;
type WorkerHeartbeat = temporal.api.worker.v1.IWorkerHeartbeat;

/** What a method needs to know of the call and of this gateway. */
export interface RelayContext {
  readonly site: SitePrincipal;
  readonly namespace: string;
  readonly codec: PayloadCodec;
  readonly tokenKeys: InstallationKeys;
}

export interface RelayedMethod {
  readonly name: string;
  /** Waits up to a minute for work. */
  readonly isPoll: boolean;
  /** What goes to Temporal. @throws GatewayError when the site may not ask this */
  request(bytes: Uint8Array, context: RelayContext): Promise<Uint8Array>;
  /** What the site receives. */
  response(bytes: Uint8Array, context: RelayContext): Promise<Uint8Array>;
}

interface Message<T> {
  decode(bytes: Uint8Array): T;
  encode(message: T): { finish(): Uint8Array };
}

function method<Request, Response>(
  name: string,
  types: readonly [Message<Request>, Message<Response>],
  request: (message: Request, context: RelayContext) => Request | Promise<Request>,
  response: (message: Response, context: RelayContext) => Response | Promise<Response>,
): RelayedMethod {
  const [Req, Res] = types;
  return {
    name,
    isPoll: name.startsWith('Poll'),
    async request(bytes, context) {
      let message: Request;
      try {
        message = Req.decode(bytes);
      } catch {
        throw new GatewayError(status.INVALID_ARGUMENT, 'The request cannot be decoded.');
      }
      return Req.encode(await request(message, context)).finish();
    },
    response: async (bytes, context) => Res.encode(await response(Res.decode(bytes), context)).finish(),
  };
}

type Text = string | null | undefined;

function requireNamespace(namespace: Text, context: RelayContext): void {
  if (namespace !== context.namespace) throw forbidden('A site may use only the namespace that was told to it.');
}

/** `optional`: the field may be empty, but must not name another queue. */
function requireOwnQueue(queue: Text, context: RelayContext, optional = false): void {
  if (optional && (queue == null || queue === '')) return;
  if (queue !== siteQueue(context.site.siteId)) throw forbidden('A site may use only its own task queue.');
}

async function requireOwnTask(token: Uint8Array | null | undefined, context: RelayContext): Promise<Uint8Array> {
  const opened = await openTaskToken(context.tokenKeys, context.site.siteId, token ?? new Uint8Array());
  if (opened === undefined) throw forbidden('This task was not given to this site.');
  return opened;
}

/** What operators see in Temporal, whatever the site says of itself. */
const identityOf = ({ site }: RelayContext): string => `${site.node}@${siteQueue(site.siteId)}`;

/** The server cancels the polls of a worker by its instance key: a site must not be able to name another's worker. */
const ownInstanceKey = (key: Text, { site }: RelayContext): string =>
  key == null || key === '' ? '' : createHash('sha256').update(`${site.siteId}\n${key}`).digest('hex').slice(0, 32);

function ownHeartbeat(heartbeat: WorkerHeartbeat, context: RelayContext): WorkerHeartbeat {
  requireOwnQueue(heartbeat.taskQueue, context);
  return {
    workerInstanceKey: ownInstanceKey(heartbeat.workerInstanceKey, context),
    workerIdentity: identityOf(context),
    taskQueue: siteQueue(context.site.siteId),
    sdkName: heartbeat.sdkName?.slice(0, 100) ?? '',
    sdkVersion: heartbeat.sdkVersion?.slice(0, 100) ?? '',
    status: heartbeat.status ?? null,
    startTime: heartbeat.startTime ?? null,
    heartbeatTime: heartbeat.heartbeatTime ?? null,
    elapsedSinceLastHeartbeat: heartbeat.elapsedSinceLastHeartbeat ?? null,
    activityTaskSlotsInfo: heartbeat.activityTaskSlotsInfo ?? null,
    activityPollerInfo: heartbeat.activityPollerInfo ?? null,
  };
}

/** A worker process of a site has one worker; ten leave room for tests and reloads. */
const MAX_HEARTBEATS = 10;

const unchanged = <T>(message: T): T => message;

export const relayedMethods: readonly RelayedMethod[] = [
  method('GetSystemInfo', [service.GetSystemInfoRequest, service.GetSystemInfoResponse], () => ({}), unchanged),

  method(
    'DescribeNamespace',
    [service.DescribeNamespaceRequest, service.DescribeNamespaceResponse],
    (message, context) => {
      requireNamespace(message.namespace, context);
      return { namespace: context.namespace };
    },
    ({ namespaceInfo }) => ({
      namespaceInfo: {
        name: namespaceInfo?.name ?? null,
        id: namespaceInfo?.id ?? null,
        state: namespaceInfo?.state ?? null,
        capabilities: namespaceInfo?.capabilities ?? null,
        limits: namespaceInfo?.limits ?? null,
      },
    }),
  ),

  method(
    'PollActivityTaskQueue',
    [service.PollActivityTaskQueueRequest, service.PollActivityTaskQueueResponse],
    (message, context) => {
      requireNamespace(message.namespace, context);
      requireOwnQueue(message.taskQueue?.name, context);
      return {
        namespace: context.namespace,
        taskQueue: { name: siteQueue(context.site.siteId), kind: TaskQueueKind.TASK_QUEUE_KIND_NORMAL },
        identity: identityOf(context),
        workerInstanceKey: ownInstanceKey(message.workerInstanceKey, context),
        taskQueueMetadata: message.taskQueueMetadata ?? null,
      };
    },
    async (message, context) => {
      // An empty answer ends a poll that found nothing.
      if (message.taskToken == null || message.taskToken.length === 0) return { pollerScalingDecision: message.pollerScalingDecision ?? null };
      return {
        ...message,
        taskToken: await sealTaskToken(context.tokenKeys, context.site.siteId, message.taskToken),
        header: await decryptHeader(context.codec, message.header),
        input: await decryptPayloads(context.codec, message.input),
        heartbeatDetails: await decryptPayloads(context.codec, message.heartbeatDetails),
        pollerGroupInfos: null,
        pollerGroupsInfo: null,
      };
    },
  ),

  method(
    'RespondActivityTaskCompleted',
    [service.RespondActivityTaskCompletedRequest, service.RespondActivityTaskCompletedResponse],
    async (message, context) => {
      requireNamespace(message.namespace, context);
      return {
        namespace: context.namespace,
        taskToken: await requireOwnTask(message.taskToken, context),
        identity: identityOf(context),
        result: await encryptPayloads(context.codec, message.result),
      };
    },
    unchanged,
  ),

  method(
    'RespondActivityTaskFailed',
    [service.RespondActivityTaskFailedRequest, service.RespondActivityTaskFailedResponse],
    async (message, context) => {
      requireNamespace(message.namespace, context);
      return {
        namespace: context.namespace,
        taskToken: await requireOwnTask(message.taskToken, context),
        identity: identityOf(context),
        failure: message.failure == null ? null : await encryptFailure(context.codec, message.failure),
        lastHeartbeatDetails: await encryptPayloads(context.codec, message.lastHeartbeatDetails),
      };
    },
    // What the server did not like about the failure may quote it, and workers ignore it.
    () => ({}),
  ),

  method(
    'RespondActivityTaskCanceled',
    [service.RespondActivityTaskCanceledRequest, service.RespondActivityTaskCanceledResponse],
    async (message, context) => {
      requireNamespace(message.namespace, context);
      return {
        namespace: context.namespace,
        taskToken: await requireOwnTask(message.taskToken, context),
        identity: identityOf(context),
        details: await encryptPayloads(context.codec, message.details),
      };
    },
    unchanged,
  ),

  method(
    'RecordActivityTaskHeartbeat',
    [service.RecordActivityTaskHeartbeatRequest, service.RecordActivityTaskHeartbeatResponse],
    async (message, context) => {
      requireNamespace(message.namespace, context);
      return {
        namespace: context.namespace,
        taskToken: await requireOwnTask(message.taskToken, context),
        identity: identityOf(context),
        details: await encryptPayloads(context.codec, message.details),
      };
    },
    unchanged,
  ),

  method(
    'RecordWorkerHeartbeat',
    [service.RecordWorkerHeartbeatRequest, service.RecordWorkerHeartbeatResponse],
    (message, context) => {
      requireNamespace(message.namespace, context);
      const heartbeats = message.workerHeartbeat ?? [];
      if (heartbeats.length > MAX_HEARTBEATS) throw forbidden(`A node may report at most ${MAX_HEARTBEATS} workers.`);
      return {
        namespace: context.namespace,
        identity: identityOf(context),
        workerHeartbeat: heartbeats.map((heartbeat) => ownHeartbeat(heartbeat, context)),
      };
    },
    unchanged,
  ),

  method(
    'ShutdownWorker',
    [service.ShutdownWorkerRequest, service.ShutdownWorkerResponse],
    (message, context) => {
      requireNamespace(message.namespace, context);
      requireOwnQueue(message.taskQueue, context, true);
      return {
        namespace: context.namespace,
        identity: identityOf(context),
        // The sticky queue is of workflow workers: dropped, whatever it names.
        stickyTaskQueue: '',
        reason: 'site worker stops',
        workerInstanceKey: ownInstanceKey(message.workerInstanceKey, context),
        taskQueue: siteQueue(context.site.siteId),
        taskQueueTypes: [TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY],
        workerHeartbeat: message.workerHeartbeat == null ? null : ownHeartbeat(message.workerHeartbeat, context),
      };
    },
    unchanged,
  ),
];
