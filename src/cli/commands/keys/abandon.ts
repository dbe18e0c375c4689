import { defineCommand, flag, UsageError } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { withInstallationKeys } from '../../installation-keys.ts';
import { counted } from '../../output/numbers.ts';

export const keysAbandon = defineCommand({
  path: ['keys', 'abandon'],
  summary: 'Start over with new keys, when the master key is lost for good',
  description: [
    'Forgets every key and every stored password, which nobody can read any more without the master key that is lost, and makes new keys under the configured one (a new file, when there is none). People, groups, runs, sites and API tokens stay. Cannot be undone: look first for the key in every backup. Refused when the configured master key is the right one.',
    'Runs on the server, with its home folder and settings, while no server runs; needs the database role that owns the schema. docs/security.md, "A lost or wrong master key", has the whole procedure.',
  ].join('\n\n'),
  examples: [{ line: 'lockstep keys abandon --lost-for-good', what: 'After the last backup of the key was searched in vain' }],
  options: { lostForGood: flag('the master key is lost, and so are the stored passwords') },
  async run({ options }, io) {
    if (!options.lostForGood) throw new UsageError('This forgets every stored password. Give --lost-for-good when the master key is lost for good.');
    return withInstallationKeys(io, async (keys) => {
      const { abandonLostKeys } = await import('../../../security/abandon-lost-keys.ts');
      const { createMasterKeyFile } = await import('../../../security/master-key.ts');
      const { LockstepError } = await import('../../../shared/errors.ts');
      const masterKey = await keys.masterKey().catch((error: unknown) => {
        const isMissing = error instanceof LockstepError && error.code === 'key.master-missing';
        if (isMissing && keys.settings.masterKey === undefined) return createMasterKeyFile(keys.masterKeyFile);
        throw error;
      });
      const { organisations, credentials } = await abandonLostKeys(keys.owner(), masterKey);
      return {
        exitCode: exitCodes.ok,
        data: { masterKey: masterKey.fingerprint, organisations, credentials },
        text: [
          `New keys for ${counted(organisations, 'organisation')} under the master key ${masterKey.fingerprint}; ${counted(credentials, 'password')} forgotten.`,
          "Delete Temporal's store (its payloads cannot be read), start the server, and set each password again: lockstep directory change NAME --password.",
        ].join('\n'),
      };
    });
  },
});
