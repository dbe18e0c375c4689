import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { type CliConfig, readCliConfig } from '../runtime/cli-config.ts';
import { readSettings } from '../runtime/settings.ts';
import { LockstepError } from '../shared/errors.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import { type CommandIo, text, UsageError } from './command.ts';
import { readInputFile } from './input-file.ts';
import { didYouMean } from './near-matches.ts';

/** Where the API is and who asks: taken by every command that talks to it. */
export const connectionOptions = {
  url: text('url', 'the API (default: LOCKSTEP_URL, else what was saved in the home folder)'),
  tokenFile: text('file', 'file with an API token (default: LOCKSTEP_TOKEN, else what was saved in the home folder)'),
};
/** For commands on what an organisation owns. */
export const apiOptions = {
  ...connectionOptions,
  organisation: text('name', 'act for this organisation, with its saved token (default: lockstep organisation use)'),
};

export interface GivenConnection {
  readonly url: string | undefined;
  readonly tokenFile: string | undefined;
}
export type GivenApi = GivenConnection & { readonly organisation: string | undefined };

/** Where `lockstep up` listens unless it is told otherwise. */
const DEFAULT_URL = 'http://127.0.0.1:8480';

/**
 * A client with the token of an organisation.
 * @throws LockstepError ConfigInvalid `cli.no-token`, `cli.organisation-unknown`, `cli.file-unreadable`; UsageError
 */
export async function connectOrganisation(given: GivenApi, io: CommandIo): Promise<ApiClient> {
  const config = await readCliConfig(io.home);
  return connect(given, config, await organisationToken(given, config, io), io);
}

/**
 * A client with the installation's token, which makes organisations and sees nothing of theirs.
 * @throws LockstepError ConfigInvalid `cli.no-installation-token`, `cli.file-unreadable`
 */
export async function connectInstallation(given: GivenConnection, io: CommandIo): Promise<ApiClient> {
  const config = await readCliConfig(io.home);
  const token = given.tokenFile === undefined ? config.installationToken : await readTokenFile(given.tokenFile);
  const fromEnvironment = readSettings(io.env).token;
  const chosen = token ?? (fromEnvironment?.startsWith('lsi_') === true ? fromEnvironment : undefined);
  if (chosen === undefined) {
    throw new LockstepError({
      class: 'ConfigInvalid',
      code: 'cli.no-installation-token',
      message: 'This needs the installation token, and none is saved here.',
      next: 'Run it on the server in its home folder (lockstep init made the token there), or give --token-file.',
    });
  }
  return connect(given, config, chosen, io);
}

/** A client with the token of an organisation when there is one, for what also answers without. */
export async function connectAnyhow(given: GivenApi, io: CommandIo): Promise<{ api: ApiClient; hasToken: boolean }> {
  const config = await readCliConfig(io.home);
  try {
    return { api: await connect(given, config, await organisationToken(given, config, io), io), hasToken: true };
  } catch (error) {
    if (!(error instanceof LockstepError) || error.code !== 'cli.no-token') throw error;
    return { api: await connect(given, config, undefined, io), hasToken: false };
  }
}

async function connect(given: GivenConnection, config: CliConfig, token: string | undefined, io: CommandIo): Promise<ApiClient> {
  const settings = readSettings(io.env);
  const url = given.url ?? settings.url ?? config.url ?? DEFAULT_URL;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) throw new UsageError(`--url must be an http:// or https:// URL, not "${url}".`);
  if (settings.caFile !== undefined) await trust(settings.caFile);
  if (token !== undefined && isExposed(new URL(url))) {
    io.progress.line(`Warning: the API token crosses the network unencrypted (${new URL(url).origin}). Use https.`);
  }
  return createApiClient({ url, token, signal: io.signal });
}

/** Trusts one more authority in this process: `fetch` takes none of its own. */
async function trust(caFile: string): Promise<void> {
  const pem = await readInputFile(caFile);
  setDefaultCACertificates([...getCACertificates('default'), pem]);
}

const loopback = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/;
const isExposed = (url: URL): boolean => url.protocol === 'http:' && !loopback.test(url.hostname);

async function organisationToken(given: GivenApi, config: CliConfig, io: CommandIo): Promise<string> {
  if (given.tokenFile !== undefined) {
    if (given.organisation !== undefined) throw new UsageError('Give --token-file or --organisation: each names a token.');
    return readTokenFile(given.tokenFile);
  }
  const names = Object.keys(config.tokens);
  const fromEnvironment = readSettings(io.env).token;
  if (given.organisation === undefined && fromEnvironment !== undefined) return fromEnvironment;
  const organisation = given.organisation ?? config.organisation ?? (names.length === 1 ? names[0] : undefined);
  const token = organisation === undefined ? undefined : config.tokens[organisation];
  if (token !== undefined) return token;
  if (organisation !== undefined) throw unknownOrganisation(organisation, names);
  throw new LockstepError({
    class: 'ConfigInvalid',
    code: 'cli.no-token',
    message: names.length === 0 ? 'No API token is known here.' : `Tokens of several organisations are saved here: ${names.join(', ')}.`,
    next:
      names.length === 0
        ? 'Run it in the home folder of the server (lockstep up or lockstep init make a token there), set LOCKSTEP_TOKEN, or give --token-file.'
        : 'Say which: --organisation, or once for all: lockstep organisation use.',
  });
}

/** The organisation has no saved token. */
export const unknownOrganisation = (organisation: string, saved: readonly string[]): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'cli.organisation-unknown',
    message: `No token of an organisation "${organisation}" is saved here.${saved.length === 0 ? '' : ` Saved are: ${saved.join(', ')}.`}`,
    next: didYouMean(organisation, saved) ?? 'Save one: lockstep organisation use NAME --token-file FILE, or make the organisation: lockstep organisation add NAME.',
  });

/** @throws LockstepError ConfigInvalid `cli.file-unreadable` */
export async function readTokenFile(file: string): Promise<string> {
  const token = (await readInputFile(file)).trim();
  // Whatever else the file holds must not be sent, and a header takes no line break.
  if (!/^ls[io]_[A-Za-z0-9_-]+$/.test(token)) throw new UsageError(`${file} holds no API token: a token is one line that begins with lso_ or lsi_.`);
  return token;
}
