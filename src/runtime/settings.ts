import { LockstepError } from '../shared/errors.ts';
import { type Home, homeAt } from './home.ts';
import { type Settings, settingRecords } from './setting-records.ts';

export type { Settings } from './setting-records.ts';

/** What `runServer` needs, put together from the settings. Files are named here and read by who uses them. */
export interface ServerSettings {
  readonly database: {
    /** As lockstep_app. */
    readonly url: string;
    /** As lockstep_owner: with it the server migrates at start; without it the schema must be current. */
    readonly ownerUrl: string | undefined;
  };
  readonly blobs: {
    /** As `openBlobStorage` takes it. */
    readonly place: string;
    readonly largestBytes: number;
  };
  readonly temporal: TemporalSettings;
  /** As `loadMasterKey` takes it. */
  readonly masterKey: { readonly file?: string; readonly env?: string };
  readonly api: ListenSettings;
  readonly gateway: ListenSettings;
  /** Where browsers, the CLI and sites reach the API. */
  readonly publicUrl: string;
  /** Where sites reach the gateway (host:port), and whether by TLS. */
  readonly publicGateway: { readonly address: string; readonly tls: boolean };
  /** A reverse proxy that sets X-Forwarded-For stands before the API. */
  readonly trustProxy: boolean;
  /** Upstream of the proxied Temporal UI; undefined = the API has no Temporal UI. */
  readonly temporalUiUrl: string | undefined;
  readonly logLevel: Settings['logLevel'];
}

export interface TemporalSettings {
  readonly address: string;
  readonly namespace: string;
  /** Undefined = no TLS. All are PEM files. */
  readonly tls: TlsClientSettings | undefined;
  readonly apiKey: string | undefined;
}
interface TlsClientSettings {
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly serverName: string | undefined;
}

export interface ListenSettings {
  readonly host: string;
  readonly port: number;
  /** PEM files. Undefined = no TLS: loopback, or a proxy in front that ends it. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const invalid = (message: string, next: string): LockstepError =>
  new LockstepError({ class: 'ConfigInvalid', code: 'setting.invalid', message, next });

/**
 * Reads every setting; an empty value counts as not set. Secrets never appear in an error.
 * @throws LockstepError ConfigInvalid `setting.invalid` naming the first wrong setting and what it takes
 */
export function readSettings(env: Environment): Settings {
  const values: Record<string, unknown> = {};
  for (const [key, record] of Object.entries(settingRecords)) {
    const given = env[record.env]?.trim();
    if (given === undefined || given === '') {
      values[key] = record.default;
      continue;
    }
    const parsed = record.parse(given);
    if (!parsed.ok) {
      const shown = record.secret ? '' : ` (it is "${given}")`;
      throw invalid(`${record.env} ${parsed.problem}${shown}.`, `Correct ${record.env} or unset it. What it takes: lockstep help settings.`);
    }
    values[key] = parsed.value;
  }
  return values as unknown as Settings;
}

const pair = (cert: string | undefined, key: string | undefined, names: readonly [string, string]) => {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw invalid(
      `${cert === undefined ? names[0] : names[1]} is missing: certificate and key belong together.`,
      `Set both ${names[0]} and ${names[1]}, or neither.`,
    );
  }
  return { certFile: cert, keyFile: key };
};

const hostPort = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;
/** An address that listens everywhere is no address to connect to. */
const reachable = (host: string): string => (host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host);

/**
 * The server's settings.
 * @throws LockstepError ConfigInvalid `setting.missing` without a database, `setting.invalid` for half a TLS pair
 */
export function serverSettings(settings: Settings, home: Home): ServerSettings {
  if (settings.databaseUrl === undefined) {
    throw new LockstepError({
      class: 'ConfigInvalid',
      code: 'setting.missing',
      message: 'DATABASE_URL is not set: the server does not know its database.',
      next: 'Set DATABASE_URL (role lockstep_app) and DATABASE_OWNER_URL (role lockstep_owner), or use "lockstep up", which brings its own PostgreSQL.',
    });
  }
  const apiTls = pair(settings.apiTlsCert, settings.apiTlsKey, ['LOCKSTEP_API_TLS_CERT', 'LOCKSTEP_API_TLS_KEY']);
  const gatewayTls = pair(settings.gatewayTlsCert, settings.gatewayTlsKey, ['LOCKSTEP_GATEWAY_TLS_CERT', 'LOCKSTEP_GATEWAY_TLS_KEY']);
  const api: ListenSettings = { host: settings.apiHost, port: settings.apiPort, tls: apiTls };
  return {
    database: { url: settings.databaseUrl, ownerUrl: settings.databaseOwnerUrl },
    blobs: { place: settings.blobs ?? home.blobsFolder, largestBytes: settings.largestBlobMb * 1_000_000 },
    temporal: temporalSettings(settings),
    masterKey:
      settings.masterKey === undefined
        ? { file: settings.masterKeyFile ?? home.masterKeyFile }
        : { env: settings.masterKey },
    api,
    gateway: { host: settings.gatewayHost, port: settings.gatewayPort, tls: gatewayTls },
    publicUrl: settings.publicUrl ?? localApiUrl({ api }),
    publicGateway: publicGateway(settings, gatewayTls !== undefined),
    trustProxy: settings.trustProxy,
    temporalUiUrl: settings.temporalUiUrl,
    logLevel: settings.logLevel,
  };
}

/** A proxy in front may end TLS that the gateway itself does not speak: then the scheme says so. */
function publicGateway({ publicGateway: given, gatewayHost, gatewayPort }: Settings, ownTls: boolean): ServerSettings['publicGateway'] {
  const [, scheme, address] = /^(?:(https?):\/\/)?(.*)$/.exec(given ?? hostPort(reachable(gatewayHost), gatewayPort)) ?? [];
  return { address: address ?? '', tls: scheme === undefined ? ownTls : scheme === 'https' };
}

/** How to reach Temporal. An API key or any TLS setting turns TLS on (Temporal Cloud takes nothing else). */
export function temporalSettings(settings: Settings): TemporalSettings {
  const client = pair(settings.temporalTlsCert, settings.temporalTlsKey, ['TEMPORAL_TLS_CERT', 'TEMPORAL_TLS_KEY']);
  const { temporalTlsCa: caFile, temporalTlsServerName: serverName, temporalApiKey: apiKey } = settings;
  const secured = settings.temporalTls || [client, caFile, serverName, apiKey].some((value) => value !== undefined);
  return {
    address: settings.temporalAddress ?? hostPort('127.0.0.1', settings.temporalPort),
    namespace: settings.temporalNamespace,
    tls: secured ? { caFile, certFile: client?.certFile, keyFile: client?.keyFile, serverName } : undefined,
    apiKey,
  };
}

/** The API as it is reached on this machine, whatever its public address is. */
export const localApiUrl = ({ api }: Pick<ServerSettings, 'api'>): string =>
  `${api.tls === undefined ? 'http' : 'https'}://${hostPort(reachable(api.host), api.port)}`;

/** The home folder that `--home` or LOCKSTEP_HOME names. */
export const homeOf = (env: Environment, folder?: string): Home => homeAt(folder ?? (env['LOCKSTEP_HOME'] || undefined));
