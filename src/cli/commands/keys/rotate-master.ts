import type { CommandIo, CommandResult } from '../../command.ts';
import { defineCommand, text, UsageError } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { type InstallationKeys, withInstallationKeys } from '../../installation-keys.ts';
import { counted } from '../../output/numbers.ts';

export const keysRotateMaster = defineCommand({
  path: ['keys', 'rotate', 'master'],
  summary: 'Replace the master key',
  description: [
    'Makes a new master key and wraps every other key under it, in one transaction. The old one stays beside it as a file until you delete it. Runs on the server, with its home folder and settings; needs the database role that owns the schema. Interrupted, it is finished by running it again.',
    'Servers that run go on with the keys they hold, but learn no new ones: restart them at once, or new work waits. Then copy the new key to where you keep it, apart from backups of the database: backups from before need the old key.',
  ].join('\n\n'),
  examples: [
    { line: 'lockstep keys rotate master', what: 'When the key is in its file (the default)' },
    { line: 'lockstep keys rotate master --new-key-file new.key', what: 'When the key comes from LOCKSTEP_MASTER_KEY' },
  ],
  options: { newKeyFile: text('file', 'wrap under the key in this file, which is made when it is not there; the settings are yours to change') },
  run: ({ options }, io) =>
    withInstallationKeys(io, (keys) => (options.newKeyFile === undefined ? rotateFile(keys) : rotateTo(keys, options.newKeyFile, io))),
});

async function rotateFile(keys: InstallationKeys): Promise<CommandResult> {
  if (keys.settings.masterKey !== undefined) {
    throw new UsageError('The master key comes from LOCKSTEP_MASTER_KEY, which this command cannot change. Give --new-key-file.');
  }
  const { rotateMasterKeyFile } = await import('../../../security/rotate-master-key.ts');
  const rotated = await rotateMasterKeyFile(keys.owner(), keys.masterKeyFile);
  return {
    exitCode: exitCodes.ok,
    data: rotated,
    text: [
      `The master key is now ${rotated.to}, in ${keys.masterKeyFile}.`,
      `The old one, ${rotated.from}, is in ${rotated.oldFile}. Delete it when no backup of the database needs it any more.`,
      'Restart every server now: until then new work may have to wait. Copy the new key to where you keep it.',
    ].join('\n'),
  };
}

async function rotateTo(keys: InstallationKeys, file: string, io: CommandIo): Promise<CommandResult> {
  const { createMasterKeyFile, loadMasterKey } = await import('../../../security/master-key.ts');
  const { rotateMasterKey } = await import('../../../security/rotate-master-key.ts');
  const { access } = await import('node:fs/promises');
  const from = await keys.masterKey();
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  const to = isThere ? await loadMasterKey({ file }) : await createMasterKeyFile(file);
  if (!isThere) io.progress.line(`A new master key is in ${file}.`);
  const { rewrapped } = await rotateMasterKey(keys.owner(), from, to);
  return {
    exitCode: exitCodes.ok,
    data: { from: from.fingerprint, to: to.fingerprint, rewrapped },
    text: [
      `${counted(rewrapped, 'key')} wrapped under ${to.fingerprint} instead of ${from.fingerprint}.`,
      `Set LOCKSTEP_MASTER_KEY to what is in ${file} (or LOCKSTEP_MASTER_KEY_FILE to the file), and restart every server.`,
    ].join('\n'),
  };
}
