import { UsageError } from './command.ts';
import { readInputFile } from './input-file.ts';

/**
 * The certificates of an authority in PEM.
 * @throws UsageError when it holds none, or a private key; LockstepError ConfigInvalid `cli.file-unreadable`
 */
export async function readCaFile(file: string): Promise<string> {
  const pem = await readInputFile(file);
  // The file is sent to the platform: a private key beside the certificate must not be.
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) throw new UsageError(`${file} holds a private key. Give a file with the authority's certificate only.`);
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new UsageError(`${file} holds no certificate in PEM form.`);
  return pem;
}
