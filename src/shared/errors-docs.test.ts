import { readdir, readFile } from 'node:fs/promises';
import { errorClasses } from './errors.ts';

const source = new URL('../', import.meta.url);
const CODE = '[a-z0-9]+(?:[.-][a-z0-9]+)*';
/** Where a code is written; it, or one of two, stands in what follows on the line. */
const places = [
  /\bcode: ([^\n]*)/g,
  // Verdicts of ldap-errors.ts.
  new RegExp(`\\['(?:${errorClasses.join('|')})', ([^\\n]*)`, 'g'),
  // api/problems.ts.
  /\bproblem\(\d{3}, ([^\n]*)/g,
];
/** `code`s that are of no failure. */
const others = new Set(['usage']);

/** Codes with a dot, and what stands directly after `code:`. */
function codesOn(rest: string): string[] {
  const [before = ''] = rest.split(/, message|, `|, \w+ \?\?/);
  const all = [...before.matchAll(new RegExp(`'(${CODE})'`, 'g'))].map(([, code]) => code ?? '');
  const direct = new RegExp(`^'(${CODE})',`).exec(rest)?.[1];
  return all.filter((code) => code.includes('.') || code === direct);
}

async function codesInSource(): Promise<Map<string, string>> {
  const codes = new Map<string, string>();
  for (const file of await readdir(source, { recursive: true })) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts') || file.startsWith('sample/')) continue;
    const text = await readFile(new URL(file, source), 'utf8');
    for (const place of places) {
      for (const [, rest] of text.matchAll(place)) for (const code of codesOn(rest ?? '')) codes.set(code, file);
    }
  }
  return codes;
}

test('docs/errors.md has one row for every code of a failure', async () => {
  const table = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const rows = [...table.matchAll(new RegExp(`^\\| \`(${CODE})\` \\|`, 'gm'))].map(([, code]) => code ?? '');
  expect(rows.filter((code, place) => rows.indexOf(code) !== place)).toEqual([]);
  const codes = await codesInSource();
  // It sees each way in which a code is written.
  const seen = ['ldap.account-locked', 'ldap.not-bound', 'run.ended', 'ui.link-invalid', 'platform.blocked', 'site.not-allowed', 'internal'];
  expect(seen.filter((code) => !codes.has(code))).toEqual([]);
  expect([...codes].filter(([code]) => !rows.includes(code) && !others.has(code))).toEqual([]);
});
