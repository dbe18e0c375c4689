import { readdir, readFile } from 'node:fs/promises';
import { inCommands } from './next-commands.ts';

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
