import { chmod, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * The home folder: everything that one installation on this machine keeps. Only its user may look into it; a second
 * program in the same home is refused (home-lock.ts).
 */
export interface Home {
  readonly folder: string;
  /** Who runs here (home-lock.ts). */
  readonly lockFile: string;
  /** What the CLI needs to reach the API: url and tokens (cli-config.ts). */
  readonly configFile: string;
  /** Master key, unless LOCKSTEP_MASTER_KEY or LOCKSTEP_MASTER_KEY_FILE says otherwise. */
  readonly masterKeyFile: string;
  /** Passwords of the embedded PostgreSQL's roles and where its data are. */
  readonly databaseFile: string;
  /** Data of the embedded PostgreSQL. */
  readonly postgresFolder: string;
  /** Content of messages, unless LOCKSTEP_BLOBS says otherwise. */
  readonly blobsFolder: string;
  /** Store of the local Temporal server; disposable. */
  readonly temporalFolder: string;
  /** Keys and identity of the site that `lockstep up` and `lockstep site` run. */
  readonly siteFolder: string;
  readonly logsFolder: string;
  /** What can be fetched again: the Temporal CLI. */
  readonly cacheFolder: string;
  /** Processes started here, so that a later start recognises the orphans of one that was killed. */
  readonly processesFile: string;
}

/** The layout below `folder`; nothing is created. Default: `~/.lockstep`. */
export function homeAt(folder: string | undefined): Home {
  const root = resolve(folder ?? join(homedir(), '.lockstep'));
  return {
    folder: root,
    lockFile: join(root, 'lock.json'),
    configFile: join(root, 'config.json'),
    masterKeyFile: join(root, 'master.key'),
    databaseFile: join(root, 'database.json'),
    postgresFolder: join(root, 'postgres'),
    blobsFolder: join(root, 'blobs'),
    temporalFolder: join(root, 'temporal'),
    siteFolder: join(root, 'site'),
    logsFolder: join(root, 'logs'),
    cacheFolder: join(root, 'cache'),
    processesFile: join(root, 'processes.json'),
  };
}

/** Creates the folders that are missing, for this user only (0700). */
export async function createHome(home: Home): Promise<void> {
  await mkdir(home.folder, { recursive: true, mode: 0o700 });
  for (const folder of [home.temporalFolder, home.siteFolder, home.logsFolder, home.cacheFolder]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
  }
}
