import type { InstallationKeyPurpose } from '../../../security/encryption-keys.ts';
import { type CommandIo, type CommandResult, defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { withInstallationKeys } from '../../installation-keys.ts';

export const keysRotateCodec = defineCommand({
  path: ['keys', 'rotate', 'codec'],
  summary: 'Replace the key that encrypts Temporal payloads',
  description: 'Servers use the new key within 30 seconds, without a restart. Histories written before stay readable. Runs on the server, with its home folder and settings.',
  examples: [{ line: 'lockstep keys rotate codec', what: 'From time to time, or after a suspicion' }],
  run: (_input, io) => rotate(io, 'codec', 'Histories written before stay readable.'),
});

export const keysRotateToken = defineCommand({
  path: ['keys', 'rotate', 'token'],
  summary: 'Replace the key that signs the tokens of sites and the cookies of browsers',
  description:
    'Servers use the new key within 30 seconds, without a restart. What was signed before stays good for its own lifetime: tokens of sites for 10 minutes, cookies for 8 hours. API tokens are not signed; end one with lockstep token revoke. Runs on the server, with its home folder and settings.',
  examples: [{ line: 'lockstep keys rotate token', what: 'From time to time, or after a suspicion' }],
  run: (_input, io) => rotate(io, 'token', 'What was signed before stays good for its own lifetime: at most 8 hours.'),
});

const rotate = (io: CommandIo, purpose: InstallationKeyPurpose, consequence: string): Promise<CommandResult> =>
  withInstallationKeys(io, async ({ database, masterKey }) => {
    const { rotateInstallationKey } = await import('../../../security/rotate-keys.ts');
    const rotated = await rotateInstallationKey({ database, masterKey: await masterKey() }, purpose);
    return {
      exitCode: exitCodes.ok,
      data: { purpose, ...rotated },
      text: `The ${purpose} key is now ${rotated.keyId}. Servers use it within 30 seconds. ${consequence}`,
    };
  });
