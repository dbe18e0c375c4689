/** docs/cli.md, made from the commands themselves. */
import { apiOptions, connectionOptions } from './api-connection.ts';
import type { AnyCommand, OptionSpec } from './command.ts';
import { exitCodeMeanings } from './exit-codes.ts';

const INTRODUCTION = `# The command line

<!-- Written by \`node src/cli/write-cli-docs.ts\` from the commands. Do not edit: a test compares. -->

\`lockstep <command> --help\` says the same as this page, for one command.

## What every command takes

| option | what |
|---|---|
| \`--json\` | one JSON document on standard output, in the API's shape; errors too: \`{"error": {"code", "message", "next"}}\` |
| \`--home <folder>\` | home folder (default: \`LOCKSTEP_HOME\` or \`~/.lockstep\`) |
| \`--help\` | what the command does, with examples |

Results go to standard output, progress and errors to standard error. Tables fit the terminal; in a pipe or a file nothing is cut.
There is no colour when standard output is no terminal or \`NO_COLOR\` is set. Times are local, with their zone; in JSON they are UTC.

Commands that talk to the API also take:

| option | what |
|---|---|
`;

/** The whole page. */
export function cliDocs(commands: readonly AnyCommand[]): string {
  const connection = optionRows(apiOptions).join('\n');
  const exitCodes = exitCodeMeanings.map(({ code, meaning }) => `| ${code} | ${meaning} |`).join('\n');
  const sections = commands.filter((command) => command.hidden !== true).map(commandSection);
  return `${INTRODUCTION}${connection}\n\n## Exit codes\n\n| code | meaning |\n|---|---|\n${exitCodes}\n\n${sections.join('\n')}`;
}

function commandSection(command: AnyCommand): string {
  const own = Object.fromEntries(Object.entries(command.options ?? {}).filter(([, spec]) => !isConnection(spec)));
  const talks = Object.values(command.options ?? {}).some(isConnection);
  const words = Object.entries(command.arguments ?? {}).map(([key, spec]) => (spec.optional === true ? `[${kebab(key)}]` : `<${kebab(key)}>`));
  const usage = ['lockstep', ...command.path, ...words, ...(Object.keys(own).length > 0 ? ['[options]'] : [])].join(' ');
  const parts = [`## lockstep ${command.path.join(' ')}`, `${command.summary}.`];
  if (command.description !== undefined) parts.push(escaped(command.description));
  parts.push(`\`\`\`\n${usage}\n\`\`\``);
  const rows = [
    ...Object.entries(command.arguments ?? {}).map(([key, spec]) => `| \`<${kebab(key)}>\` | ${escaped(spec.description)} |`),
    ...optionRows(own),
  ];
  if (rows.length > 0) parts.push(`| | |\n|---|---|\n${rows.join('\n')}`);
  if (talks) parts.push('Talks to the API.');
  if (command.examples.length > 0) {
    parts.push(`\`\`\`sh\n${command.examples.map(({ line, what }) => `# ${what}\n${line}`).join('\n')}\n\`\`\``);
  }
  return `${parts.join('\n\n')}\n`;
}

const connectionSpecs: readonly OptionSpec[] = [...Object.values(connectionOptions), ...Object.values(apiOptions)];
const isConnection = (spec: OptionSpec): boolean => connectionSpecs.includes(spec);

const optionRows = (options: Readonly<Record<string, OptionSpec>>): string[] =>
  Object.entries(options).map(([key, spec]) => {
    const value = spec.kind === 'flag' ? '' : ` <${spec.placeholder}>`;
    return `| \`--${kebab(key)}${value.replace(/\|/g, '\\|')}\` | ${escaped(spec.description)}${notes(spec)} |`;
  });

function notes(spec: OptionSpec): string {
  const found = [
    'choices' in spec && spec.choices !== undefined ? `one of ${spec.choices.map((choice) => `\`${choice}\``).join(', ')}` : '',
    'default' in spec && spec.default !== undefined ? `default: \`${spec.default}\`` : '',
    'required' in spec && spec.required === true ? 'required' : '',
    spec.kind === 'list' ? 'may be repeated' : '',
  ].filter((note) => note !== '');
  return found.length === 0 ? '' : ` (${found.join('; ')})`;
}

const kebab = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** A pipe would end the table's cell; an angle bracket would begin an element. */
const escaped = (text: string): string => text.replace(/\|/g, '\\|').replace(/</g, '&lt;');
