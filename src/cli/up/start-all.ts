import { codecEndpoint, TEMPORAL_UI_PATH } from '../../api/temporal-ui/temporal-ui-routes.ts';
import { type Installation, prepareInstallation } from '../../runtime/installation.ts';
import { installedDatabase } from '../../runtime/installed-database.ts';
import { localTemporal } from '../../runtime/local-temporal.ts';
import type { Part } from '../../runtime/part.ts';
import { checkPort } from '../../runtime/ports.ts';
import { readCliConfig } from '../../runtime/cli-config.ts';
import { localApiUrl, readSettings, serverSettings } from '../../runtime/settings.ts';
import type { Supervisor } from '../../runtime/supervisor.ts';
import { type ApiClient, createApiClient } from '../api-client.ts';
import type { CommandIo } from '../command.ts';
import { enrolmentCodeWhenNeeded } from './local-site.ts';
import { samplePart, serverPart, sitePart } from './own-programs.ts';
import type { Places } from './summary.ts';

export interface StartOptions {
  readonly organisation: string | undefined;
  readonly sample: boolean;
}
export interface Started {
  /** As the organisation. */
  readonly api: ApiClient;
  readonly installation: Installation;
  readonly places: Places;
  readonly samplePort: number;
  readonly sampleExchangePort: number;
}

/**
 * Starts PostgreSQL, Temporal, the server, the sample directory when asked for, and the site, each when what it needs is
 * ready. Taken ports are found before anything is started.
 */
export async function startAll(supervisor: Supervisor, options: StartOptions, io: CommandIo): Promise<Started> {
  const { home } = io;
  const settings = readSettings(io.env);
  const database = await installedDatabase(home, settings);
  const { publicUrl } = serverSettings({ ...settings, databaseUrl: database.url }, home);
  const temporal =
    settings.temporalAddress === undefined
      ? localTemporal({
          home,
          settings,
          env: io.env,
          uiPublicPath: TEMPORAL_UI_PATH,
          uiCodecEndpoint: codecEndpoint(publicUrl),
        })
      : undefined;
  const temporalUi = settings.temporalUiUrl ?? temporal?.uiUrl;

  const shared = { ...io.env, LOCKSTEP_HOME: home.folder };
  const env = {
    ...shared,
    DATABASE_URL: database.url,
    DATABASE_OWNER_URL: database.ownerUrl,
    TEMPORAL_ADDRESS: settings.temporalAddress ?? temporal?.address,
    LOCKSTEP_TEMPORAL_UI_URL: temporalUi,
  };
  const forServer = serverSettings(readSettings(env), home);
  const apiUrl = localApiUrl(forServer);
  const server = serverPart(forServer, apiUrl, env);
  const sample = options.sample ? samplePart(settings, shared) : undefined;
  const present = (part: Part | undefined): readonly Part[] => (part === undefined ? [] : [part]);
  for (const part of [database.part, temporal?.part, server, sample].flatMap(present)) {
    for (const port of part.ports) await checkPort(port);
  }

  for (const part of present(database.part)) await supervisor.start(part);
  io.progress.update('Installation: looking');
  const installation = await prepareInstallation({ home, settings, database, organisation: options.organisation, apiUrl });
  tellInstallation(installation, io);
  for (const part of present(temporal?.part)) await supervisor.start(part);
  await supervisor.start(server);
  const { tokens } = await readCliConfig(home);
  const api = createApiClient({ url: apiUrl, token: tokens[installation.organisation], signal: io.signal });
  for (const part of present(sample)) await supervisor.start(part);
  await supervisor.start(
    sitePart(async () => ({
      ...shared,
      LOCKSTEP_URL: apiUrl,
      LOCKSTEP_SITE_CODE: await enrolmentCodeWhenNeeded(api, home, io.now()),
    })),
  );
  const places = {
    api: apiUrl,
    reference: `${apiUrl}/docs`,
    temporalUi: temporalUi === undefined ? undefined : temporalUiPlace(temporalUi, settings.temporalNamespace),
    home: home.folder,
    database: database.dataFolder?.startsWith(home.folder) === true ? undefined : database.dataFolder,
  };
  return { api, installation, places, samplePort: settings.samplePort, sampleExchangePort: settings.sampleExchangePort };
}

/** Where the UI shows the runs of Lockstep: at its beginning it opens another namespace. */
export const temporalUiPlace = (uiUrl: string, namespace: string): string =>
  new URL(`${TEMPORAL_UI_PATH}/namespaces/${encodeURIComponent(namespace)}/workflows`, uiUrl).href;

function tellInstallation(installation: Installation, io: CommandIo): void {
  const { migrations, masterKeyFile, organisation, organisationCreated } = installation;
  if (io.json) {
    io.emit({ event: 'installed', migrations, masterKeyFile: masterKeyFile ?? null, organisation, organisationCreated });
    return;
  }
  const made = [
    ...(migrations.length === 0 ? [] : [`database migrated (${migrations.join(', ')})`]),
    ...(masterKeyFile === undefined ? [] : ['master key made']),
    ...(organisationCreated ? [`organisation "${organisation}" made`] : []),
  ];
  if (made.length === 0) io.progress.clear();
  else io.progress.done(`Installation: ${made.join(', ')}`);
  if (masterKeyFile !== undefined) io.progress.line(`  Keep a copy of ${masterKeyFile}, apart from backups of the database.`);
}
