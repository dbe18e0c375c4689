import { address, addressWithScheme, blobPlace, choice, host, optional, pemFile, port, postgresUrl, text, toggle, url, wholeNumber } from './setting-kinds.ts';

/**
 * Every setting, once: parsing (settings.ts), `lockstep help settings` and docs are made from these records. All are
 * environment variables, read when a program starts.
 */
export const settingRecords = {
  home: optional({
    env: 'LOCKSTEP_HOME',
    group: 'General',
    description: 'Folder where this installation keeps keys, data, logs and the configuration of the CLI.',
    defaultText: '~/.lockstep',
    bounds: 'a folder',
  }),
  logLevel: choice({
    env: 'LOCKSTEP_LOG_LEVEL',
    group: 'General',
    description: 'Least severe log lines that are written.',
    choices: ['fatal', 'error', 'warn', 'info', 'debug', 'trace'],
    default: 'info',
  }),

  apiHost: host({ env: 'LOCKSTEP_API_HOST', group: 'API and gateway', description: 'Address the API listens on.' }),
  apiPort: port({
    env: 'LOCKSTEP_API_PORT',
    group: 'API and gateway',
    description: 'Port of the API, its reference page and the proxied Temporal UI.',
    default: 8480,
  }),
  apiTlsCert: pemFile({
    env: 'LOCKSTEP_API_TLS_CERT',
    group: 'API and gateway',
    description: 'Certificate chain of the API; with it the API speaks HTTPS only.',
    defaultText: 'no TLS',
  }),
  apiTlsKey: pemFile({
    env: 'LOCKSTEP_API_TLS_KEY',
    group: 'API and gateway',
    description: 'Private key of that certificate.',
    defaultText: 'no TLS',
  }),
  publicUrl: url({
    env: 'LOCKSTEP_PUBLIC_URL',
    group: 'API and gateway',
    description: 'Where browsers, the CLI and sites reach the API, when that is not its own address.',
    defaultText: 'address and port of the API',
  }),
  gatewayHost: host({
    env: 'LOCKSTEP_GATEWAY_HOST',
    group: 'API and gateway',
    description: 'Address the site gateway listens on.',
  }),
  gatewayPort: port({
    env: 'LOCKSTEP_GATEWAY_PORT',
    group: 'API and gateway',
    description: 'Port of the site gateway (gRPC).',
    default: 8481,
  }),
  gatewayTlsCert: pemFile({
    env: 'LOCKSTEP_GATEWAY_TLS_CERT',
    group: 'API and gateway',
    description: 'Certificate chain of the site gateway.',
    defaultText: 'no TLS',
  }),
  gatewayTlsKey: pemFile({
    env: 'LOCKSTEP_GATEWAY_TLS_KEY',
    group: 'API and gateway',
    description: 'Private key of that certificate.',
    defaultText: 'no TLS',
  }),
  publicGateway: addressWithScheme({
    env: 'LOCKSTEP_PUBLIC_GATEWAY',
    group: 'API and gateway',
    description:
      'Where sites reach the gateway, when that is not its own address. https:// when a proxy in front of it ends TLS; without a scheme sites use TLS when the gateway has a certificate.',
    defaultText: 'address and port of the gateway',
  }),
  trustProxy: toggle({
    env: 'LOCKSTEP_TRUST_PROXY',
    group: 'API and gateway',
    description:
      'A reverse proxy stands before the API and sets X-Forwarded-For: failed sign-ins are counted by that address. Only when nothing else reaches the API.',
  }),

  databaseUrl: postgresUrl({
    env: 'DATABASE_URL',
    group: 'Database',
    description: 'PostgreSQL as the role that serves (lockstep_app: no superuser, no BYPASSRLS).',
    defaultText: 'the embedded PostgreSQL of lockstep up',
  }),
  databaseOwnerUrl: postgresUrl({
    env: 'DATABASE_OWNER_URL',
    group: 'Database',
    description: 'The same database as the role that owns the schema (lockstep_owner); with it the server migrates.',
    defaultText: 'no migrations',
  }),
  postgresPort: port({
    env: 'LOCKSTEP_POSTGRES_PORT',
    group: 'Database',
    description: 'Port of the embedded PostgreSQL (loopback only).',
    default: 54329,
  }),

  blobs: blobPlace({
    env: 'LOCKSTEP_BLOBS',
    group: 'Content',
    description:
      "Where the content of messages is kept, encrypted: one place for all servers. S3's credentials are found as Amazon's own tools find them (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, the role of the machine).",
    defaultText: 'blobs in the home folder',
  }),
  largestBlobMb: wholeNumber({
    env: 'LOCKSTEP_LARGEST_BLOB_MB',
    group: 'Content',
    description: 'Largest message whose content is taken.',
    default: 500,
    unit: 'MB (1,000,000 bytes)',
    min: 1,
    max: 100_000,
  }),

  temporalAddress: address({
    env: 'TEMPORAL_ADDRESS',
    group: 'Temporal',
    description: 'A Temporal server of your own or Temporal Cloud; with it no local server is started.',
    defaultText: 'a local server',
  }),
  temporalNamespace: text({
    env: 'TEMPORAL_NAMESPACE',
    group: 'Temporal',
    description: 'Namespace that Lockstep works in.',
    default: 'lockstep',
    bounds: 'a namespace; on Temporal Cloud name.account',
  }),
  temporalTls: toggle({
    env: 'TEMPORAL_TLS',
    group: 'Temporal',
    description: 'TLS to the Temporal server. Any of the following settings turns it on too.',
  }),
  temporalTlsCa: pemFile({
    env: 'TEMPORAL_TLS_CA',
    group: 'Temporal',
    description: 'Certification authority of the Temporal server.',
    defaultText: "the system's",
  }),
  temporalTlsCert: pemFile({
    env: 'TEMPORAL_TLS_CERT',
    group: 'Temporal',
    description: 'Client certificate (mTLS).',
    defaultText: 'none',
  }),
  temporalTlsKey: pemFile({
    env: 'TEMPORAL_TLS_KEY',
    group: 'Temporal',
    description: 'Private key of the client certificate.',
    defaultText: 'none',
  }),
  temporalTlsServerName: optional({
    env: 'TEMPORAL_TLS_SERVER_NAME',
    group: 'Temporal',
    description: "Name in the server's certificate, when it is not that of the address.",
    defaultText: 'the address',
    bounds: 'a host name',
  }),
  temporalApiKey: optional({
    env: 'TEMPORAL_API_KEY',
    group: 'Temporal',
    description: 'API key (Temporal Cloud).',
    defaultText: 'none',
    bounds: 'text',
    secret: true,
  }),
  temporalUiUrl: url({
    env: 'LOCKSTEP_TEMPORAL_UI_URL',
    group: 'Temporal',
    description: 'The Temporal UI that the API shows in its own pages.',
    defaultText: "the local server's, else none",
  }),
  temporalPort: port({
    env: 'LOCKSTEP_TEMPORAL_PORT',
    group: 'Temporal',
    description: 'Port of the local Temporal server (loopback only).',
    default: 7233,
  }),
  temporalUiPort: port({
    env: 'LOCKSTEP_TEMPORAL_UI_PORT',
    group: 'Temporal',
    description: "Port of the local Temporal server's UI (loopback only).",
    default: 8233,
  }),
  temporalMetricsPort: port({
    env: 'LOCKSTEP_TEMPORAL_METRICS_PORT',
    group: 'Temporal',
    description: "Port of the local Temporal server's Prometheus metrics.",
    default: 8234,
  }),
  temporalCli: optional({
    env: 'LOCKSTEP_TEMPORAL_CLI',
    group: 'Temporal',
    description: 'The Temporal CLI that runs the local server.',
    defaultText: 'temporal on PATH, else fetched into the home folder',
    bounds: 'path of a program',
  }),

  masterKey: optional({
    env: 'LOCKSTEP_MASTER_KEY',
    group: 'Keys',
    description: 'The master key itself; wins over the file.',
    defaultText: 'the file',
    bounds: '32 bytes in base64',
    secret: true,
  }),
  masterKeyFile: optional({
    env: 'LOCKSTEP_MASTER_KEY_FILE',
    group: 'Keys',
    description: 'File that holds the master key (mode 0600).',
    defaultText: 'master.key in the home folder',
    bounds: 'path of a file',
  }),

  url: url({
    env: 'LOCKSTEP_URL',
    group: 'Site and CLI',
    description: 'The API that the CLI and a new site talk to.',
    defaultText: 'config.json in the home folder',
  }),
  siteCode: optional({
    env: 'LOCKSTEP_SITE_CODE',
    group: 'Site and CLI',
    description: 'One-time code with which a new site enrols; used once.',
    defaultText: 'none',
    bounds: 'a code of lockstep site code',
    secret: true,
  }),
  token: optional({
    env: 'LOCKSTEP_TOKEN',
    group: 'Site and CLI',
    description: 'API token of the CLI.',
    defaultText: 'config.json in the home folder',
    bounds: 'text',
    secret: true,
  }),
  caFile: pemFile({
    env: 'LOCKSTEP_CA',
    group: 'Site and CLI',
    description: 'Certification authority of the API and the gateway.',
    defaultText: "the system's",
  }),
  samplePort: port({
    env: 'LOCKSTEP_SAMPLE_PORT',
    group: 'Sample',
    description: 'Port of the sample directory (LDAP, loopback only).',
    default: 3890,
  }),
  sampleExchangePort: port({
    env: 'LOCKSTEP_SAMPLE_EXCHANGE_PORT',
    group: 'Sample',
    description: 'Port of the sample Exchange (EWS over HTTP, loopback only).',
    default: 3891,
  }),
};

export type Settings = {
  readonly [K in keyof typeof settingRecords]: (typeof settingRecords)[K]['default'];
};
