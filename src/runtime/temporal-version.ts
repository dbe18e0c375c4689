/** The CLI that is fetched when there is none: tested with this Lockstep. Brings server 1.29 and UI 2.42. */
export const TEMPORAL_CLI_VERSION = '1.5.1';
/** Older servers lack worker versioning and the worker list that the site gateway relays. */
const OLDEST_SERVER = [1, 29] as const;

/** Version of the server inside a CLI, from `temporal --version`: `temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)`. */
function serverVersionIn(output: string): string | undefined {
  return /\(Server ([0-9]+\.[0-9]+\.[0-9]+)/.exec(output)?.[1];
}

/** What is wrong with a CLI, in words that follow its name; undefined when it will do. */
export function whatIsWrongWith(output: string): string | undefined {
  const version = serverVersionIn(output);
  if (version === undefined) return 'does not say which server it brings';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_SERVER;
  const fits = major === oldestMajor && minor >= oldestMinor;
  return fits ? undefined : `brings server ${version}; ${oldestMajor}.${oldestMinor} or a later ${oldestMajor}.x is needed`;
}
