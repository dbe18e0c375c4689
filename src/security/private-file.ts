import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

/** Writes a file that only this user may read (0600), whole or not at all, durably. Windows has no modes; there the folder's access list decides. */
export async function writePrivateFile(path: string, content: string): Promise<void> {
  const part = `${path}.${randomBytes(4).toString('hex')}.part`;
  const file = await open(part, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** True for an error of Node's file functions with that code. */
export const isErrno = (error: unknown, code: 'ENOENT' | 'EEXIST'): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code;
