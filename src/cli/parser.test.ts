import { type AnyCommand, defineCommand, flag, list, number, text, UsageError } from './command.ts';
import { parseCommandLine } from './parser.ts';

const command = (path: readonly [string, ...string[]], rest: Partial<AnyCommand> = {}): AnyCommand =>
  ({
    ...defineCommand({ path, summary: `Do ${path.join(' ')}`, examples: [{ line: `lockstep ${path.join(' ')}`, what: 'Try it' }], run: async () => ({ exitCode: 0 }) }),
    ...rest,
  });
const commands = [
  command(['site'], { options: { url: text('url', 'where') } }),
  command(['site', 'add'], { arguments: { name: { description: 'its name' }, other: { description: 'more', optional: true } } }),
  command(['tune'], {
    options: {
      fast: flag('go fast'),
      mode: text('mode', 'how', { choices: ['calm', 'wild'], default: 'calm' }),
      domain: list('domain', 'which'),
      maxPages: number('count', 'how many', { minimum: 1, maximum: 10 }),
    },
  }),
  command(['help', 'settings']),
];
const parse = (...args: string[]) => parseCommandLine(args, { commands, groups: {}, version: '1.2.3', columns: 80, epilogue: 'The end.' });
const invocation = async (...args: string[]) => {
  const parsed = await parse(...args);
  if ('text' in parsed) throw new Error(`it is help: ${parsed.text}`);
  return parsed;
};
const help = async (...args: string[]): Promise<string> => {
  const parsed = await parse(...args);
  if ('text' in parsed) return parsed.text;
  throw new Error('it is no help');
};

test('options that were not given have their defaults, and all their types', async () => {
  const { input } = await invocation('tune');
  expect(input.options).toEqual({ fast: false, mode: 'calm', domain: [], maxPages: undefined });
});

test('options are taken in kebab-case, lists by repeating', async () => {
  const { input } = await invocation('tune', '--fast', '--mode', 'wild', '--domain', 'a', '--domain', 'b', '--max-pages', '3');
  expect(input.options).toEqual({ fast: true, mode: 'wild', domain: ['a', 'b'], maxPages: 3 });
});

test('a command may also be a group of commands', async () => {
  expect((await invocation('site', '--url', 'x')).input.options).toEqual({ url: 'x' });
  expect((await invocation('site', 'add', 'berlin')).input.arguments).toEqual({ name: 'berlin', other: undefined });
});

test('--json and --home belong to every command', async () => {
  expect(await invocation('site', 'add', 'berlin', '--json', '--home', '/h')).toMatchObject({ json: true, home: '/h' });
});

test.each([
  [['tune', '--max-pages', '0'], /at least 1/],
  [['tune', '--max-pages', '11'], /at most 10/],
  [['tune', '--max-pages', 'many'], /must be a number/],
  [['tune', '--mode', 'odd'], /calm, wild/],
  [['tune', '--fsat'], /--fast/],
  [['site', 'add'], /name/],
  [['site', 'add', 'a', 'b', 'c'], /too many arguments/],
  [['tnue'], /tune/],
])('%j is a usage error that says what is wrong', async (args, says) => {
  const error: unknown = await parse(...args).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UsageError);
  expect((error as UsageError).message).toMatch(says);
});

test('help has the summary, the examples and, at the top, the epilogue', async () => {
  expect(await help('tune', '--help')).toMatch(/Do tune[^]*--max-pages <count>[^]*Try it:\n\s+lockstep tune/);
  expect(await help()).toContain('The end.');
  expect(await help('help')).toContain('The end.');
  expect(await help('help', 'site', 'add')).toBe(await help('site', 'add', '--help'));
  expect((await invocation('help', 'settings')).command.path).toEqual(['help', 'settings']);
  expect(await help('--version')).toBe('1.2.3');
});
