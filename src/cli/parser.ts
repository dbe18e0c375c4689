import { Command as Parser, InvalidArgumentError, Option } from 'commander';
import { type AnyCommand, type ArgumentSpec, type OptionSpec, UsageError } from './command.ts';
import { didYouMean } from './near-matches.ts';

/** What the command line asks for. */
export interface Invocation {
  readonly command: AnyCommand;
  readonly input: { readonly options: Record<string, unknown>; readonly arguments: Record<string, unknown> };
  readonly json: boolean;
  readonly home: string | undefined;
}
/** Help or version was asked for: print it and leave. */
export interface HelpText {
  readonly text: string;
}

export interface ParserOptions {
  readonly commands: readonly AnyCommand[];
  readonly version: string;
  /** What groups of commands are about, by their path. */
  readonly groups: Readonly<Record<string, string>>;
  readonly columns: number;
  /** Shown after the list of commands. */
  readonly epilogue: string;
}

/**
 * Turns a command line into a command with typed options, or into help.
 * @throws UsageError when it is wrong; the message may have several lines
 */
export async function parseCommandLine(args: readonly string[], options: ParserOptions): Promise<Invocation | HelpText> {
  let text = '';
  let invocation: Invocation | undefined;
  const configure = (parser: Parser): Parser =>
    parser
      .exitOverride()
      .showSuggestionAfterError(true)
      // Options of `runs` end where `runs show` begins; both have --json.
      .enablePositionalOptions()
      .configureHelp({ helpWidth: options.columns, showGlobalOptions: false })
      .configureOutput({
        writeOut: (part) => (text += part),
        writeErr: (part) => (text += part),
        getOutHelpWidth: () => options.columns,
        getErrHelpWidth: () => options.columns,
      });

  const root = configure(new Parser('lockstep'))
    .description("Keeps an organisation's Active Directory and Exchange in step with an archive its people can use.")
    .version(options.version)
    .addHelpText('after', `\n${options.epilogue}`);

  const parsers = new Map<string, Parser>();
  /** The parser of a path; one that is both a command and a group of commands (`site`, `site add`) is made once. */
  const parserOf = (path: readonly string[], hidden: boolean): Parser => {
    if (path.length === 0) return root;
    const key = path.join(' ');
    const known = parsers.get(key);
    if (known !== undefined) return known;
    const parser = configure(parserOf(path.slice(0, -1), false).command(path.at(-1) ?? '', { hidden }));
    const names = groupNames(options.commands, path);
    const about = options.groups[key];
    parser.description(about === undefined ? names.join(', ') : `${about} (${names.join(', ')})`);
    parsers.set(key, parser);
    return parser;
  };

  for (const command of options.commands) {
    const parser = parserOf(command.path, command.hidden ?? false)
      .summary(command.summary)
      .description([command.summary, command.description].filter((part) => part !== undefined).join('\n\n'))
      .allowExcessArguments(false);
    for (const [key, spec] of Object.entries(command.arguments ?? {})) parser.argument(argumentName(key, spec), spec.description);
    for (const [key, spec] of Object.entries(command.options ?? {})) parser.addOption(toOption(key, spec));
    parser.option('--json', 'machine-readable output');
    parser.option('--home <folder>', 'home folder (default: LOCKSTEP_HOME or ~/.lockstep)');
    if (command.examples.length > 0) parser.addHelpText('after', exampleText(command.examples));
    parser.action(() => {
      const given: Record<string, unknown> = parser.opts();
      invocation = {
        command,
        json: given['json'] === true,
        home: typeof given['home'] === 'string' ? given['home'] : undefined,
        input: {
          options: Object.fromEntries(
            Object.entries(command.options ?? {}).map(([key, spec]) => [key, valueOf(key, spec, given)]),
          ),
          arguments: Object.fromEntries(
            Object.keys(command.arguments ?? {}).map((key, index) => [key, parser.processedArgs[index] as unknown]),
          ),
        },
      };
    });
  }

  // `lockstep help settings` is a command of its own; any other `help X` is `X --help`.
  const topics = options.commands.filter((command) => command.path[0] === 'help').map((command) => command.path[1]);
  const wantsHelp = args.length === 0 || (args[0] === 'help' && !topics.includes(args[1]));
  const asked = wantsHelp ? [...args.slice(1), '--help'] : [...args];
  root.helpCommand(false);
  try {
    await root.parseAsync(asked, { from: 'user' });
  } catch (error) {
    const { code, exitCode } = error as { code?: string; exitCode?: number };
    if (code?.startsWith('commander.') !== true) throw error;
    if (exitCode === 0) return { text: text.trimEnd() };
    // A group called without one of its commands: commander prints the help as an error.
    if (code === 'commander.help') throw new UsageError(`Say what to do.\n\n${text.trimEnd()}`);
    const unknown = code === 'commander.excessArguments' ? unknownSubcommand(args, options.commands) : undefined;
    throw new UsageError(unknown ?? text.trim().replace(/^error: /, ''));
  }
  if (invocation === undefined) return { text: text.trimEnd() };
  return invocation;
}

/** A command that is a group as well (`runs`) takes what it does not know for an argument of its own. */
function unknownSubcommand(args: readonly string[], commands: readonly AnyCommand[]): string | undefined {
  const command = commands.find(({ path, arguments: own }) => path.every((part, at) => args[at] === part) && Object.keys(own ?? {}).length === 0);
  const given = command === undefined ? undefined : args[command.path.length];
  if (command === undefined || given === undefined) return undefined;
  const known = groupNames(commands, command.path);
  if (known.length === 0 || known.includes(given)) return undefined;
  return `unknown command '${given}'\n(${didYouMean(given, known) ?? `There are ${known.join(', ')}.`})`;
}

const kebab = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const argumentName = (key: string, spec: ArgumentSpec): string => (spec.optional === true ? `[${kebab(key)}]` : `<${kebab(key)}>`);

function toOption(key: string, spec: OptionSpec): Option {
  const name = `--${kebab(key)}`;
  switch (spec.kind) {
    case 'flag':
      return new Option(name, spec.description);
    case 'list':
      return new Option(`${name} <${spec.placeholder}>`, `${spec.description} (may be repeated)`).argParser(
        (given: string, before: readonly string[] | undefined) => [...(before ?? []), given],
      );
    case 'number': {
      const option = new Option(`${name} <${spec.placeholder}>`, spec.description).argParser((given: string) => {
        const parsed = Number(given);
        const { minimum, maximum } = spec;
        if (given.trim() === '' || !Number.isFinite(parsed)) throw new InvalidArgumentError('It must be a number.');
        if (minimum !== undefined && parsed < minimum) throw new InvalidArgumentError(`It must be at least ${minimum}.`);
        if (maximum !== undefined && parsed > maximum) throw new InvalidArgumentError(`It must be at most ${maximum}.`);
        return parsed;
      });
      return spec.default === undefined ? option : option.default(spec.default);
    }
    case 'text': {
      const option = new Option(`${name} <${spec.placeholder}>`, spec.description);
      if (spec.choices !== undefined) option.choices(spec.choices);
      if (spec.required === true) option.makeOptionMandatory();
      return spec.default === undefined ? option : option.default(spec.default);
    }
  }
}

/** commander keeps `--no-test` as `test: false`; its command declares and gets `noTest`. */
function valueOf(key: string, spec: OptionSpec, given: Readonly<Record<string, unknown>>): unknown {
  const positive = /^no([A-Z])(.*)$/.exec(key);
  if (spec.kind === 'flag' && positive !== null) return given[`${(positive[1] ?? '').toLowerCase()}${positive[2] ?? ''}`] === false;
  return given[key] ?? emptyValue(spec);
}

/** What an option that was not given is. */
const emptyValue = (spec: OptionSpec): unknown => (spec.kind === 'flag' ? false : spec.kind === 'list' ? [] : undefined);

/** What stands below `prefix`. */
const groupNames = (commands: readonly AnyCommand[], prefix: readonly string[]): string[] =>
  commands
    .filter((command) => command.path.length > prefix.length && prefix.every((part, index) => command.path[index] === part))
    .map((command) => command.path[prefix.length])
    .filter((name, index, names) => name !== undefined && names.indexOf(name) === index)
    .map(String);

const exampleText = (examples: AnyCommand['examples']): string =>
  `\nExamples:\n${examples.map(({ line, what }) => `  ${what}:\n    ${line}`).join('\n')}`;
