import { open, rm } from 'node:fs/promises';
import { LockstepError } from '../shared/errors.ts';

/**
 * Writes bytes to a new file as they arrive. Where they break off there is no file. Gives their number.
 * @throws LockstepError ConfigInvalid `cli.file-exists`, `cli.file-unwritable`; what `bytes` fails with
 */
export async function writeOutputFile(file: string, bytes: AsyncIterable<Uint8Array>): Promise<number> {
  // Nothing is created for what cannot be fetched.
  const pieces = bytes[Symbol.asyncIterator]();
  let piece = await pieces.next();
  const written = await open(file, 'wx', 0o600).catch((error: unknown) => {
    throw refusal(file, error);
  });
  let count = 0;
  try {
    for (; piece.done !== true; piece = await pieces.next()) {
      await written.write(piece.value).catch((error: unknown) => {
        throw refusal(file, error);
      });
      count += piece.value.length;
    }
  } catch (error) {
    await written.close();
    await rm(file, { force: true });
    throw error;
  }
  await written.close();
  return count;
}

function refusal(file: string, error: unknown): LockstepError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'EEXIST') {
    return new LockstepError({ class: 'ConfigInvalid', code: 'cli.file-exists', message: `${file} is there already.`, next: 'Remove it, or give another name: --out FILE.' });
  }
  return new LockstepError({
    class: 'ConfigInvalid',
    code: 'cli.file-unwritable',
    message: `${file} cannot be written${code === '' ? '' : ` (${code})`}.`,
    next: 'Check the path, the room on the disk, and who may write there.',
    cause: error,
  });
}
