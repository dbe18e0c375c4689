import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import type { InstallationKeys } from '../security/installation-keys.ts';
import { EncryptionCodec } from './payload-codec.ts';

/** Give it to `bundleWorkflowCode` too, or failures of workflows stay in clear. */
export const failureConverterPath = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './failure-converter.ts' : './failure-converter.js', import.meta.url),
);

/** What every client and every worker of the platform uses. Sites use none: the gateway encrypts for them. */
export const encryptingDataConverter = (codecKeys: InstallationKeys): DataConverter => ({
  failureConverterPath,
  payloadCodecs: [new EncryptionCodec(codecKeys)],
});
