import { readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { isErrno, writePrivateFile } from './private-file.ts';
import { LockstepError } from '../shared/errors.ts';

const StoredIdentity = Type.Object({
  format: Type.Literal(1),
  platformUrl: Type.String(),
  siteId: Type.String(),
  siteName: Type.String(),
  organisation: Type.String(),
  /** Ed25519, PKCS #8 PEM. */
  signPrivateKey: Type.String(),
  /** P-256 scalar, base64. */
  sealPrivateKey: Type.String(),
});
/** Who a site is: everything its engine needs to prove itself. One file, so that keys are replaced whole or not at all. */
export type StoredIdentity = Static<typeof StoredIdentity>;

const CURRENT = 'site-identity.json';
/** Keys that were made but may not be in force yet: what is left when the answer to a change of keys was lost. */
const NEXT = 'site-identity.next.json';

export const identityPath = (stateFolder: string): string => join(stateFolder, CURRENT);

/**
 * The identity in the state folder; undefined when the site was never enrolled.
 * @throws LockstepError ConfigInvalid `site.identity-readable` (other users can read it; not checked on Windows),
 * `site.identity-damaged`
 */
export const readIdentity = (stateFolder: string): Promise<StoredIdentity | undefined> => read(join(stateFolder, CURRENT));
export const readNextIdentity = (stateFolder: string): Promise<StoredIdentity | undefined> => read(join(stateFolder, NEXT));

/** Another text when the identity in the state folder was replaced or made readable to others; undefined when there is none. */
export async function identityVersion(stateFolder: string): Promise<string | undefined> {
  const found = await stat(join(stateFolder, CURRENT), { bigint: true, throwIfNoEntry: false });
  return found === undefined ? undefined : [found.ino, found.mode, found.size, found.mtimeNs, found.ctimeNs].join(' ');
}

export const writeIdentity = (stateFolder: string, identity: StoredIdentity): Promise<void> => write(join(stateFolder, CURRENT), identity);
export const writeNextIdentity = (stateFolder: string, identity: StoredIdentity): Promise<void> => write(join(stateFolder, NEXT), identity);

/** Makes the next identity the present one. */
export const promoteNextIdentity = (stateFolder: string): Promise<void> => rename(join(stateFolder, NEXT), join(stateFolder, CURRENT));

const write = (path: string, identity: StoredIdentity): Promise<void> => writePrivateFile(path, `${JSON.stringify(identity, undefined, 2)}\n`);

async function read(path: string): Promise<StoredIdentity | undefined> {
  let text: string;
  try {
    const { mode } = await stat(path);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) throw readable(path);
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (Value.Check(StoredIdentity, value)) return value;
  } catch {
    // Reported below, like JSON of another shape; the parser's message could quote a key.
  }
  throw new LockstepError({
    class: 'ConfigInvalid',
    code: 'site.identity-damaged',
    message: `The site's identity in ${path} is damaged.`,
    next: 'Restore the file from a backup, or remove it and enrol the site again with a new code.',
  });
}

const readable = (path: string): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'site.identity-readable',
    message: `The site's private keys in ${path} can be read by other users of this machine.`,
    next: 'Make the file private with chmod 600, then replace the keys: lockstep keys rotate site.',
  });
