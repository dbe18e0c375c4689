import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { LockstepError } from '../shared/errors.ts';
import { createHome, type Home } from './home.ts';
import { readJsonFile } from './json-file.ts';
import { writePrivateFile } from '../security/private-file.ts';

const Stored = Type.Object({
  /** The API. */
  url: Type.Optional(Type.String()),
  /** May create organisations; reads nothing of theirs. */
  installationToken: Type.Optional(Type.String()),
  /** Used by commands that name no organisation. */
  organisation: Type.Optional(Type.String()),
  /** Token per organisation name. */
  tokens: Type.Record(Type.String(), Type.String()),
});

/** What the CLI remembers (config.json in the home folder, 0600). */
export type CliConfig = Readonly<Type.Static<typeof Stored>>;

/** @throws LockstepError ConfigInvalid `config.unreadable` when the file is no configuration */
export async function readCliConfig(home: Home): Promise<CliConfig> {
  let stored: unknown;
  try {
    stored = await readJsonFile(home.configFile);
  } catch (error) {
    throw unreadable(home, error);
  }
  if (stored === undefined) return { tokens: {} };
  if (!Value.Check(Stored, stored)) throw unreadable(home, undefined);
  return stored;
}

/** Reads, changes and writes. The tokens of `change` are added to those that are there. */
export async function updateCliConfig(home: Home, change: Partial<CliConfig>): Promise<CliConfig> {
  const before = await readCliConfig(home);
  const after: CliConfig = { ...before, ...change, tokens: { ...before.tokens, ...change.tokens } };
  await createHome(home);
  await writePrivateFile(home.configFile, `${JSON.stringify(after, undefined, 2)}\n`);
  return after;
}

const unreadable = (home: Home, cause: unknown): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'config.unreadable',
    message: `${home.configFile} is not a configuration of the CLI.`,
    next: 'Move the file away and run the command again; tokens can be made anew with the installation token.',
    cause,
  });
