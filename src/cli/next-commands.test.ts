import { readdir, readFile } from 'node:fs/promises';
import { inCommands } from './next-commands.ts';
import { commands } from './registry.ts';

const problem = (code: string, next: string) => ({ type: 'about:blank', title: 't', status: 409, detail: 'd', code, next });

test('a next step that is a request to the API is a command for who uses the command line', () => {
  expect(inCommands(problem('site.disabled', 'Enable it: PATCH /api/v1/sites/{name}')).next).toBe('Enable it first: lockstep site enable NAME.');
  expect(inCommands(problem('site.name-taken', 'Choose another name.')).next).toBe('Choose another name.');
});

test('no next step that names a path of the API is left without its command', async () => {
  const source = new URL('../', import.meta.url);
  const files = (await readdir(source, { recursive: true })).filter((name) => /^(?:api|archive|security)\/.*\.ts$/.test(name) && !name.endsWith('.test.ts'));
  const found = new Map<string, string>();
  for (const name of files) {
    const text = await readFile(new URL(name, source), 'utf8');
    for (const [, code, next] of text.matchAll(/code: '([a-z0-9.-]+)',\s*message:[^;]*?next:\s*['"`]([^\n]*)/g)) {
      if (code !== undefined && next !== undefined && /\/(?:api\/v1|readyz|docs)\b/.test(next)) found.set(code, next);
    }
  }
  expect(found.size).toBeGreaterThan(5);
  const unmapped = [...found].filter(([code, next]) => inCommands(problem(code, next)).next === next);
  expect(unmapped).toEqual([]);
});

test('every command of a group that a text or a page names is there', async () => {
  const root = new URL('../../', import.meta.url);
  const within = async (folder: string, pattern: RegExp) =>
    (await readdir(new URL(folder, root), { recursive: true })).filter((name) => pattern.test(name)).map((name) => folder + name);
  const files = ['README.md', ...(await within('docs/', /\.md$/)), ...(await within('src/', /(?<!\.test)\.ts$/))];
  const groups = new Set(commands.flatMap(({ path }) => (path.length > 1 ? (path[0] ?? []) : [])));
  for (const { path } of commands) if (path.length === 1) groups.delete(path[0] ?? '');
  const known = new Set(commands.map(({ path }) => path.slice(0, 2).join(' ')));
  const named = new Set<string>();
  for (const name of files) {
    const text = await readFile(new URL(name, root), 'utf8');
    // "lockstep token key" and its like are labels of key derivation.
    for (const [, group, command] of text.matchAll(/\blockstep ([a-z-]+) (?!key\b)([a-z-]+)/g)) {
      if (group !== undefined && groups.has(group)) named.add(`${group} ${command}`);
    }
  }
  expect(named.size).toBeGreaterThan(20);
  expect([...named].filter((command) => !known.has(command))).toEqual([]);
});
