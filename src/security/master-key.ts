/**
 * The master key: 256 random bits outside the database, from which everything encrypted in it can be reached. It wraps the
 * organisation keys and the installation keys and encrypts nothing else. docs/security.md says how to keep, rotate and lose it.
 */
import { hkdfSync, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LockstepError } from '../shared/errors.ts';
import { AeadError, aeadOpen, aeadSeal, KEY_BYTES } from './aead.ts';
import { isErrno } from './private-file.ts';

/** A port, so that a KMS can stand behind it: wrapping and unwrapping are all that is asked of a master key. */
export interface MasterKey {
  /** Names the key without revealing it: 16 hex digits. Stored beside everything it wrapped. */
  readonly fingerprint: string;
  wrap(key: Buffer, context: string): Promise<Buffer>;
  /** @throws LockstepError ConfigInvalid `key.unwrap-failed` */
  unwrap(wrapped: Buffer, context: string): Promise<Buffer>;
}

const derive = (secret: Buffer, info: string, bytes: number): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), info, bytes));

/** A master key held in memory. `secret`: 32 bytes. */
export function masterKeyOf(secret: Buffer): MasterKey {
  const wrapping = derive(secret, 'lockstep master key: wrap', KEY_BYTES);
  return {
    fingerprint: derive(secret, 'lockstep master key: fingerprint', 8).toString('hex'),
    wrap: (key, context) => Promise.resolve(aeadSeal(wrapping, key, Buffer.from(context, 'utf8'))),
    unwrap: (wrapped, context) => {
      try {
        return Promise.resolve(aeadOpen(wrapping, wrapped, Buffer.from(context, 'utf8')));
      } catch (cause) {
        if (!(cause instanceof AeadError)) throw cause;
        return Promise.reject(
          new LockstepError({
            class: 'ConfigInvalid',
            code: 'key.unwrap-failed',
            message: `A stored key (${context}) cannot be unwrapped: its row was changed or damaged.`,
            next: 'Restore the table encryption_key from a backup; see docs/security.md, "A damaged key".',
            cause,
          }),
        );
      }
    },
  };
}

const malformed = (where: string): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'key.master-malformed',
    message: `The master key in ${where} is not 32 bytes in base64.`,
    next: 'Put back the master key of this installation; see docs/security.md, "A lost or wrong master key".',
  });

function parse(text: string, where: string): MasterKey {
  const trimmed = text.trim();
  if (!/^[A-Za-z0-9+/]{43}=$/.test(trimmed)) throw malformed(where);
  return masterKeyOf(Buffer.from(trimmed, 'base64'));
}

/**
 * The installation's master key: `env` (the value of LOCKSTEP_MASTER_KEY, base64) when given, else the file.
 * @throws LockstepError ConfigInvalid `key.master-missing`, `key.master-malformed`, `key.master-file-readable` (others may
 * read the file; not checked on Windows, whose files have no such mode)
 */
export async function loadMasterKey(from: { readonly file?: string | undefined; readonly env?: string | undefined }): Promise<MasterKey> {
  if (from.env !== undefined && from.env !== '') return parse(from.env, 'LOCKSTEP_MASTER_KEY');
  if (from.file === undefined) throw missing('neither LOCKSTEP_MASTER_KEY nor a master key file is set');
  let mode: number;
  try {
    mode = (await stat(from.file)).mode;
  } catch (cause) {
    throw missing(`the file ${from.file} cannot be read`, cause);
  }
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new LockstepError({
      class: 'ConfigInvalid',
      code: 'key.master-file-readable',
      message: `The master key file ${from.file} can be read by other users of this machine (mode ${(mode & 0o777).toString(8)}).`,
      next: `Make it private with chmod 600, then consider rotating the master key: somebody may have read it.`,
    });
  }
  let text: string;
  try {
    text = await readFile(from.file, 'utf8');
  } catch (cause) {
    throw missing(`the file ${from.file} cannot be read`, cause);
  }
  return parse(text, from.file);
}

const missing = (why: string, cause?: unknown): LockstepError =>
  new LockstepError({
    class: 'ConfigInvalid',
    code: 'key.master-missing',
    message: `There is no master key: ${why}.`,
    next: 'Put back the master key of this installation; see docs/security.md, "A lost or wrong master key".',
    cause,
  });

/**
 * Makes a new master key in a new file (mode 0600), durably on disk when this returns.
 * @throws LockstepError ConfigInvalid `key.master-file-exists`: an existing key is never overwritten
 */
export async function createMasterKeyFile(path: string): Promise<MasterKey> {
  const secret = randomBytes(KEY_BYTES);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(`${secret.toString('base64')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (!isErrno(cause, 'EEXIST')) throw cause;
    throw new LockstepError({
      class: 'ConfigInvalid',
      code: 'key.master-file-exists',
      message: `The master key file ${path} exists already.`,
      next: 'To replace the key, rotate it: lockstep keys rotate master.',
      cause,
    });
  }
  return masterKeyOf(secret);
}
