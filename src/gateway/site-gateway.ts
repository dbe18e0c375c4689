/**
 * The site gateway: what of Temporal a site can reach. It authenticates each call by the site's access token, relays the
 * methods of relayed-methods.ts and nothing else (the gRPC library answers UNIMPLEMENTED to every other method), and cuts
 * what is under way when a site is disabled. docs/security.md, "Site gateway".
 */
import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  setLogger,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { PayloadCodec } from '@temporalio/common';
import type { Logger } from 'pino';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { InstallationKeys } from '../security/installation-keys.ts';
import { LockstepError } from '../shared/errors.ts';
import type { SitePrincipal } from '../shared/principal.ts';
import { GatewayError } from './gateway-error.ts';
import { OpenCalls } from './open-calls.ts';
import { refusalOf, relayCall, SERVICE_PATH } from './relay-call.ts';
import { relayedMethods } from './relayed-methods.ts';
import { connectUpstream, MAX_MESSAGE_BYTES, type UpstreamOptions } from './upstream.ts';

export interface SiteGatewayOptions {
  /** Port 0: any free one. Certificate chain and key in PEM; absent: no TLS (behind a proxy that does it, or on loopback). */
  readonly listen: {
    readonly host: string;
    readonly port: number;
    readonly tls?: { readonly certificate: Buffer; readonly key: Buffer } | undefined;
  };
  readonly upstream: UpstreamOptions;
  readonly namespace: string;
  /** The installation's codec: sites see payloads in clear, Temporal never. */
  readonly codec: PayloadCodec;
  /** Task tokens are sealed with these. */
  readonly tokenKeys: InstallationKeys;
  /** authenticateSite of src/security/site-token.ts */
  authenticate(authorizationHeader: string | undefined): Promise<SitePrincipal>;
  readonly metrics: Registry;
  readonly logger: Logger;
}

export interface SiteGateway {
  readonly port: number;
  /** Ends the calls under way (sites poll again elsewhere, or wait) and frees the port. */
  close(): Promise<void>;
}

/** How often calls under way are asked whether their site is still allowed. Together with the state cache: five seconds. */
const RECHECK_MS = 1_500;

/**
 * Starts the gateway; resolves when it listens.
 * @throws LockstepError ConfigInvalid `gateway.port-unavailable`
 */
export async function startSiteGateway(options: SiteGatewayOptions): Promise<SiteGateway> {
  const { logger } = options;
  // The library writes to the console otherwise; its lines say little that the thrown errors do not.
  setLogger({ error: (line: unknown) => logger.debug({ line }, 'gRPC library'), info() {}, debug() {} });
  const openCalls = new OpenCalls();
  const upstream = connectUpstream(options.upstream);
  const deps = { ...options, upstream, apiKey: options.upstream.apiKey, openCalls };
  const count = callCounter(options.metrics, openCalls);

  const definition: Record<string, ServiceDefinition[string]> = {};
  const handlers: UntypedServiceImplementation = {};
  for (const method of relayedMethods) {
    definition[method.name] = {
      path: SERVICE_PATH + method.name,
      requestStream: false,
      responseStream: false,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    };
    const handle: handleUnaryCall<Buffer, Buffer> = (call, answer) => {
      relayCall(deps, method, call).then(
        (bytes) => {
          count(method.name, status.OK);
          answer(null, bytes);
        },
        (error: unknown) => {
          const known = error instanceof GatewayError ? error : new GatewayError(status.INTERNAL, 'The site gateway failed.');
          if (known !== error) logger.error({ err: error, method: method.name }, 'site gateway call failed');
          count(method.name, known.code);
          answer({ code: known.code, details: known.message });
        },
      );
    };
    handlers[method.name] = handle;
  }

  const server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    // A site behind a firewall that drops silently is noticed, and its polls are freed.
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 20_000,
  });
  server.addService(definition, handlers);
  const port = await listen(server, options.listen).catch((error: unknown) => {
    upstream.close();
    throw error;
  });

  const recheck = setInterval(() => {
    void openCalls.recheck(async (authorization) => {
      try {
        await options.authenticate(authorization);
        return undefined;
      } catch (error) {
        const refusal = refusalOf(error, logger);
        // A database that is away for a moment is no reason to cut what was allowed.
        return refusal.code === status.UNAVAILABLE ? undefined : refusal;
      }
    });
  }, RECHECK_MS);

  return {
    port,
    close: async () => {
      clearInterval(recheck);
      openCalls.cutAll(new GatewayError(status.UNAVAILABLE, 'The site gateway stops.'));
      await new Promise<void>((resolve) => {
        // Idle connections of clients would keep tryShutdown waiting.
        const force = setTimeout(() => server.forceShutdown(), 1_000);
        server.tryShutdown(() => {
          clearTimeout(force);
          resolve();
        });
      });
      upstream.close();
    },
  };
}

const asIs = (bytes: Buffer): Buffer => bytes;

function listen(server: Server, { host, port, tls }: SiteGatewayOptions['listen']): Promise<number> {
  const security =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(null, [{ cert_chain: tls.certificate, private_key: tls.key }]);
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host.includes(':') ? `[${host}]` : host}:${port}`, security, (cause, bound) => {
      if (cause === null) return resolve(bound);
      reject(
        new LockstepError({
          class: 'ConfigInvalid',
          code: 'gateway.port-unavailable',
          message: `The site gateway cannot listen on ${host}:${port}: ${cause.message}`,
          next: 'Stop the program that uses the port, or choose another one for the site gateway.',
          cause,
        }),
      );
    });
  });
}

/** Metrics `lockstep_gateway_calls_total` by method and outcome, and `lockstep_gateway_open_calls`. */
function callCounter(registry: Registry, openCalls: OpenCalls): (method: string, code: status) => void {
  const calls = new Counter({
    name: 'lockstep_gateway_calls_total',
    help: 'Calls of sites to the site gateway, by method and gRPC status',
    labelNames: ['method', 'outcome'],
    registers: [registry],
  });
  new Gauge({
    name: 'lockstep_gateway_open_calls',
    help: 'Calls of sites that are under way, most of them waiting polls',
    registers: [registry],
    collect() {
      this.set(openCalls.size);
    },
  });
  return (method, code) => calls.inc({ method, outcome: (status[code] ?? 'UNKNOWN').toLowerCase() });
}
