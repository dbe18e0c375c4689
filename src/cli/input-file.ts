import { readFile } from 'node:fs/promises';
import { LockstepError } from '../shared/errors.ts';

/** The text of a file that the user named. @throws LockstepError ConfigInvalid `cli.file-unreadable` */
export async function readInputFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new LockstepError({
      class: 'ConfigInvalid',
      code: 'cli.file-unreadable',
      message: `${file} cannot be read${reason}.`,
      next: 'Check the path and who may read the file.',
      cause: error,
    });
  }
}
