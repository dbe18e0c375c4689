import { type ChannelOptions, Client, credentials } from '@grpc/grpc-js';

/** The Temporal frontend behind the gateway. */
export interface UpstreamOptions {
  /** host:port */
  readonly address: string;
  /** Absent: no TLS. `{}`: TLS with the system's authorities. Client certificate and key for mTLS. All PEM. */
  readonly tls?: {
    readonly ca?: Buffer | undefined;
    readonly certificate?: Buffer | undefined;
    readonly key?: Buffer | undefined;
    /** Name in the server's certificate, when it is not the address's. */
    readonly serverName?: string | undefined;
  };
  /** API key of Temporal Cloud. */
  readonly apiKey?: string | undefined;
}

/** The server's own limit is 4 MB a message; encryption and sealing add a little to what passes through here. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024 + 64 * 1024;

/** A channel that reconnects by itself: within five seconds after a killed Temporal server is back (gRPC's default is two minutes). */
export function connectUpstream({ address, tls }: UpstreamOptions): Client {
  const channel: ChannelOptions = {
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': 5_000,
    // A silent connection is noticed although long polls are quiet for a minute (Temporal's enforcement allows 10 s).
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    ...(tls?.serverName === undefined ? {} : { 'grpc.ssl_target_name_override': tls.serverName }),
  };
  const security =
    tls === undefined ? credentials.createInsecure() : credentials.createSsl(tls.ca ?? null, tls.key ?? null, tls.certificate ?? null);
  return new Client(address, security, channel);
}
