import { readFileSync } from 'node:fs';
import { cliDocs } from './cli-docs.ts';
import type { AnyCommand } from './command.ts';
import { commands, groups } from './registry.ts';

test('docs/cli.md is what the commands say (write it anew: node src/cli/write-cli-docs.ts)', () => {
  expect(readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')).toBe(cliDocs(commands));
});

test('no two commands have the same path', () => {
  const paths = commands.map(({ path }) => path.join(' '));
  expect(paths).toEqual([...new Set(paths)]);
});

test('every group of commands says what it is about', () => {
  const own = new Set(commands.filter(({ path }) => path.length === 1).map(({ path }) => path[0]));
  const grouped = commands.filter(({ path, hidden }) => path.length > 1 && hidden !== true && !own.has(path[0])).map(({ path }) => path[0]);
  for (const group of grouped) expect(groups[group ?? '']).toMatch(/./);
});

const visible = commands.filter(({ hidden, path }) => hidden !== true && path[0] !== 'help').map((command): [string, AnyCommand] => [command.path.join(' '), command]);
test.each(visible)('%s has examples that call it with options it has', (name, command) => {
  expect(command.examples.length).toBeGreaterThan(0);
  const known = new Set(['--json', '--home', ...Object.keys(command.options ?? {}).map((key) => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`)]);
  for (const { line } of command.examples) {
    const called = new RegExp(`^\\s*lockstep ${name.replace(/^runs list$/, 'runs')}\\b`);
    const own = line.split('|').find((part) => called.test(part)) ?? '';
    expect([line, own]).toEqual([line, expect.stringMatching(called)]);
    const unknown = (own.match(/(?<=\s)--[a-z-]+/g) ?? []).filter((option) => !known.has(option));
    expect(unknown).toEqual([]);
  }
});

test('no command takes a secret as an argument or option', () => {
  const names = commands.flatMap((command) =>
    Object.entries(command.options ?? {}).flatMap(([key, spec]) => (spec.kind === 'flag' || /File$/.test(key) ? [] : [key])),
  );
  expect(names.filter((name) => /password|secret|token|credential/i.test(name))).toEqual([]);
});
