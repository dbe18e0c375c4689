import { readFile } from 'node:fs/promises';
import { Agent, fetch as undiciFetch } from 'undici';
import { LockstepError } from '../shared/errors.ts';

/** PEM of the authorities that the platform's certificates are checked against; undefined: the system's. */
export async function loadCertificates(file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file);
  } catch (cause) {
    throw new LockstepError({
      class: 'ConfigInvalid',
      code: 'site.ca-unreadable',
      message: `The certificate file ${file} cannot be read.`,
      next: 'Correct LOCKSTEP_CA (or --ca) and the rights of the file.',
      cause,
    });
  }
}

/** fetch with keep-alive to the platform, trusting `ca` when it is given. */
export function platformFetch(ca: Buffer | undefined): typeof fetch {
  const dispatcher = new Agent({ keepAliveTimeout: 30_000, ...(ca === undefined ? {} : { connect: { ca } }) });
  return ((input: string | URL, init?: RequestInit) =>
    undiciFetch(input, { ...(init as object), dispatcher })) as unknown as typeof fetch;
}
