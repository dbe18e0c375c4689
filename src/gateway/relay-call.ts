/** One call: from the site through translation to Temporal and back. */
import { type Client, Metadata, type ServerUnaryCall, type ServiceError, status } from '@grpc/grpc-js';
import type { PayloadCodec } from '@temporalio/common';
import type { Logger } from 'pino';
import type { InstallationKeys } from '../security/installation-keys.ts';
import { LockstepError } from '../shared/errors.ts';
import type { SitePrincipal } from '../shared/principal.ts';
import { GatewayError } from './gateway-error.ts';
import type { OpenCall, OpenCalls } from './open-calls.ts';
import type { RelayedMethod } from './relayed-methods.ts';

export interface RelayDeps {
  readonly upstream: Client;
  readonly apiKey: string | undefined;
  readonly namespace: string;
  readonly codec: PayloadCodec;
  readonly tokenKeys: InstallationKeys;
  readonly openCalls: OpenCalls;
  readonly logger: Logger;
  authenticate(authorizationHeader: string | undefined): Promise<SitePrincipal>;
}

export const SERVICE_PATH = '/temporal.api.workflowservice.v1.WorkflowService/';

/** Temporal ends a poll after 60 s by itself, and the SDK asks with 70 s; a caller that gives no deadline gets the same. */
const DEFAULT_DEADLINE_MS = 70_000;
/** Of the site's own headers only these go on: the server checks that it supports the SDK's version. */
const FORWARDED_HEADERS = ['client-name', 'client-version'] as const;

const asIs = (bytes: Buffer): Buffer => bytes;
const authorizationOf = (call: ServerUnaryCall<Buffer, Buffer>): string | undefined => call.metadata.get('authorization')[0]?.toString();

/** The answer for the site. @throws GatewayError */
export async function relayCall(deps: RelayDeps, method: RelayedMethod, call: ServerUnaryCall<Buffer, Buffer>): Promise<Buffer> {
  const authorization = authorizationOf(call);
  const site = await authenticated(deps, authorization);
  const cutting = new AbortController();
  const open: OpenCall = { site: site.siteId, isPoll: method.isPoll, authorization, cut: (reason) => cutting.abort(reason) };
  deps.openCalls.add(open);
  const onCancelled = () => cutting.abort(new GatewayError(status.CANCELLED, 'The site gave the call up.'));
  call.once('cancelled', onCancelled);
  if (call.cancelled) onCancelled();
  try {
    const context = { site, namespace: deps.namespace, codec: deps.codec, tokenKeys: deps.tokenKeys };
    const request = await method.request(call.request, context);
    const answer = await askUpstream(deps, method, call, Buffer.from(request), cutting.signal);
    return Buffer.from(await method.response(answer, context));
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    deps.logger.error({ err: error, method: method.name, site: site.siteId }, 'site gateway call failed');
    throw new GatewayError(status.INTERNAL, 'The site gateway could not translate the call.');
  } finally {
    call.off('cancelled', onCancelled);
    deps.openCalls.remove(open);
  }
}

async function authenticated(deps: RelayDeps, authorization: string | undefined): Promise<SitePrincipal> {
  try {
    return await deps.authenticate(authorization);
  } catch (error) {
    throw refusalOf(error, deps.logger);
  }
}

/** How a failed authentication is answered. A database that is away is no reason to make a site give up. */
export function refusalOf(error: unknown, logger: Logger): GatewayError {
  if (error instanceof LockstepError && error.class === 'AuthRejected') {
    const code = error.code === 'site.disabled' ? status.PERMISSION_DENIED : status.UNAUTHENTICATED;
    return new GatewayError(code, `${error.code}: ${error.message}`);
  }
  logger.error({ err: error }, 'site gateway cannot authenticate');
  return new GatewayError(status.UNAVAILABLE, 'The platform cannot check the token at the moment.');
}

function askUpstream(
  deps: RelayDeps,
  method: RelayedMethod,
  call: ServerUnaryCall<Buffer, Buffer>,
  request: Buffer,
  signal: AbortSignal,
): Promise<Buffer> {
  const metadata = new Metadata();
  for (const name of FORWARDED_HEADERS) {
    const value = call.metadata.get(name)[0];
    if (value !== undefined) metadata.set(name, value);
  }
  metadata.set('temporal-namespace', deps.namespace);
  if (deps.apiKey !== undefined) metadata.set('authorization', `Bearer ${deps.apiKey}`);
  const deadline = call.getDeadline();
  const options = { deadline: Number.isFinite(Number(deadline)) ? deadline : Date.now() + DEFAULT_DEADLINE_MS };
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as GatewayError);
    const up = deps.upstream.makeUnaryRequest(SERVICE_PATH + method.name, asIs, asIs, request, metadata, options, (error, answer) => {
      signal.removeEventListener('abort', onAbort);
      if (signal.aborted) reject(signal.reason as GatewayError);
      else if (error !== null) reject(upstreamError(error, deps.logger));
      else resolve(answer ?? Buffer.alloc(0));
    });
    const onAbort = () => up.cancel();
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

function upstreamError(error: ServiceError, logger: Logger): GatewayError {
  if (error.code === status.UNAUTHENTICATED || error.code === status.PERMISSION_DENIED) {
    // Temporal refuses the platform, not the site: the site shall wait.
    logger.error({ err: error }, 'Temporal refuses the credentials of the platform');
    return new GatewayError(status.UNAVAILABLE, 'The platform cannot use Temporal at the moment.');
  }
  return new GatewayError(error.code, error.details);
}
