import { type AnyCommand, defineCommand, flag, list, text, UsageError } from './command.ts';
import { parseCommandLine } from './parser.ts';

const nothing = async () => ({ exitCode: 0 as const });
const commands: readonly AnyCommand[] = [
  defineCommand({ path: ['runs'], summary: 'List runs', examples: [], options: { state: text('state', 'a state'), noWait: flag('at once') }, run: nothing }),
  defineCommand({ path: ['runs', 'show'], summary: 'Show a run', examples: [], arguments: { run: { description: 'which' } }, options: { field: list('name', 'a field') }, run: nothing }),
  defineCommand({ path: ['site', 'add'], summary: 'Add a site', examples: [], run: nothing }),
];
const parse = (...args: string[]) =>
  parseCommandLine(args, { commands, groups: { site: 'Engines' }, version: '1.2.3', columns: 80, epilogue: 'The end.' });

test('a command that is a group too keeps its options apart from those of its subcommands', async () => {
  expect(await parse('runs', '--state', 'failed')).toMatchObject({ command: { path: ['runs'] }, json: false, input: { options: { state: 'failed' } } });
  expect(await parse('runs', 'show', '12', '--json', '--field', 'a', '--field', 'b')).toMatchObject({
    command: { path: ['runs', 'show'] },
    json: true,
    input: { options: { field: ['a', 'b'] }, arguments: { run: '12' } },
  });
});

test('a flag that begins with no is false until it is given', async () => {
  expect(await parse('runs')).toMatchObject({ input: { options: { noWait: false } } });
  expect(await parse('runs', '--no-wait')).toMatchObject({ input: { options: { noWait: true } } });
});

test.each([
  [['rnus'], /Did you mean runs\?/],
  [['runs', 'shwo'], /Did you mean show\?/],
  [['runs', 'xyz'], /There are show\./],
  [['runs', 'show', '1', '2'], /too many arguments/],
  [['runs', 'show'], /missing required argument/],
  [['runs', '--stat', 'x'], /Did you mean --state\?/],
])('%j is a usage error that helps', async (args, message) => {
  const error: unknown = await parse(...args).catch((failure: unknown) => failure);
  expect(error).toBeInstanceOf(UsageError);
  expect((error as Error).message).toMatch(message);
});

test('help of a group says what it is about', async () => {
  expect(await parse('--help')).toMatchObject({ text: expect.stringMatching(/site +Engines \(add\)/) as string });
});
