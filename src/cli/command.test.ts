import { defineCommand, flag, list, number, text } from './command.ts';

/** Fails to compile when a type is wider or narrower than what the parser gives. */
const same = <Expected>() => <Actual>(value: Actual, ...proof: [Expected, Actual] extends [Actual, Expected] ? [] : [never]) =>
  [value, proof];

test('options and arguments reach the handler with the types of their specs', async () => {
  const command = defineCommand({
    path: ['try'],
    summary: 'Try',
    examples: [],
    arguments: { address: { description: 'one' }, other: { description: 'two', optional: true } },
    options: {
      force: flag('a flag'),
      name: text('name', 'a text'),
      label: text('label', 'a text with default', { default: 'x' }),
      mode: text('mode', 'a choice', { choices: ['fast', 'slow'], default: 'fast' }),
      wait: number('seconds', 'a number', { default: 5 }),
      limit: number('count', 'a number'),
      domain: list('domain', 'a list'),
    },
    async run({ options, arguments: given }) {
      same<boolean>()(options.force);
      same<string | undefined>()(options.name);
      same<string>()(options.label);
      same<'fast' | 'slow'>()(options.mode);
      same<number>()(options.wait);
      same<number | undefined>()(options.limit);
      same<readonly string[]>()(options.domain);
      same<string>()(given.address);
      same<string | undefined>()(given.other);
      return { exitCode: 0, text: `${given.address} ${options.mode}` };
    },
  });
  const result = await command.run(
    {
      options: { force: false, name: undefined, label: 'x', mode: 'slow', wait: 5, limit: undefined, domain: [] },
      arguments: { address: 'a@example', other: undefined },
    },
    undefined as never,
  );
  expect(result.text).toBe('a@example slow');
});
