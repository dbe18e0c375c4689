import { Client, Connection, type TLSConfig } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { LockstepError } from '../shared/errors.ts';

/** How to reach Temporal: the local server, one's own cluster, or Temporal Cloud. */
export interface TemporalSettings {
  /** host:port */
  readonly address: string;
  readonly namespace: string;
  readonly apiKey?: string;
  readonly tls?: {
    readonly serverName?: string | undefined;
    readonly ca?: Buffer | undefined;
    readonly clientCert?: Buffer | undefined;
    readonly clientKey?: Buffer | undefined;
  };
}

/** Options that `Connection` and `NativeConnection` share. */
export function connectionOptions(settings: TemporalSettings): { address: string; tls: boolean | TLSConfig; apiKey?: string } {
  const { tls } = settings;
  return {
    address: settings.address,
    ...(settings.apiKey === undefined ? {} : { apiKey: settings.apiKey }),
    tls:
      tls === undefined
        ? settings.apiKey !== undefined
        : {
            ...(tls.serverName === undefined ? {} : { serverNameOverride: tls.serverName }),
            ...(tls.ca === undefined ? {} : { serverRootCACertificate: tls.ca }),
            ...(tls.clientCert === undefined || tls.clientKey === undefined
              ? {}
              : { clientCertPair: { crt: tls.clientCert, key: tls.clientKey } }),
          },
  };
}

/**
 * Connects a client whose payloads go through `dataConverter`.
 * @throws LockstepError Unavailable `temporal.unreachable`
 */
export async function connectTemporal(settings: TemporalSettings, dataConverter: DataConverter): Promise<Client> {
  let connection: Connection;
  try {
    connection = await Connection.connect({ ...connectionOptions(settings), connectTimeout: '10 seconds' });
  } catch (cause) {
    throw new LockstepError({
      class: 'Unavailable',
      code: 'temporal.unreachable',
      message: `The Temporal server at ${settings.address} does not answer.`,
      next: 'Start it, or correct TEMPORAL_ADDRESS and the TLS settings (docs/operations.md, "Temporal").',
      cause,
    });
  }
  return new Client({ connection, namespace: settings.namespace, dataConverter });
}
