import type { ConfigurationChanges } from '../../../api/schemas/config.ts';
import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { type CommandIo, defineCommand, flag, UsageError } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { readInputFile } from '../../input-file.ts';
import { clean } from '../../output/clean.ts';
import { styled } from '../../output/style.ts';

export const configImport = defineCommand({
  path: ['config', 'import'],
  summary: 'Put a configuration into effect',
  description:
    'Makes and changes sites and directories as the file says, all of it or nothing. What the file does not list is left as it is; nothing is ever removed. Passwords are not in the file: directories that have none afterwards are named. Saying it again changes nothing.',
  examples: [
    { line: 'lockstep config import acme.json --dry-run', what: 'See what would change' },
    { line: 'lockstep config import acme.json', what: 'Put it into effect' },
    { line: 'lockstep config export --organisation test | lockstep config import - --organisation acme', what: 'From one organisation to another' },
  ],
  arguments: { file: { description: 'what lockstep config export printed; - is standard input' } },
  options: { dryRun: flag('only say what would change'), ...apiOptions },
  async run({ options, arguments: given }, io) {
    const api = await connectOrganisation(options, io);
    const changes = await api.putConfig(await readConfiguration(given.file, io), options.dryRun);
    return { exitCode: exitCodes.ok, data: changes, text: changesText(changes) };
  },
});

async function readConfiguration(file: string, io: CommandIo): Promise<unknown> {
  const content = file === '-' ? await io.readInput() : await readInputFile(file);
  try {
    return JSON.parse(content) as unknown;
  } catch (error) {
    throw new UsageError(`${file === '-' ? 'Standard input' : file} is not JSON: ${clean(error instanceof Error ? error.message : '')}`);
  }
}

function changesText({ applied, changes, unlisted, needPassword, warnings }: ConfigurationChanges): string {
  const lines = changes.map(({ subject, name, action, fields }) =>
    action === 'create' ? `${styled('good', '+')} ${subject} ${name}` : `${styled('warn', '~')} ${subject} ${name}: ${fields.map(clean).join(', ')}`,
  );
  if (lines.length === 0) lines.push('Nothing to change: everything is as the file says.');
  else if (!applied) lines.push('', 'Nothing was changed yet. Do it: the same without --dry-run.');
  if (unlisted.length > 0) lines.push('', `Not in the file and left as it is: ${unlisted.map(({ subject, name }) => `${subject} ${name}`).join(', ')}`);
  if (warnings.length > 0) lines.push('', ...warnings.map((warning) => `${styled('warn', '!')} ${clean(warning)}`));
  if (needPassword.length > 0) {
    const verb = applied ? 'have' : 'will have';
    lines.push('', `These directories ${verb} no password and cannot run until one is set:`, ...needPassword.map((name) => `  lockstep directory change ${name} --password`));
  }
  return lines.join('\n');
}
