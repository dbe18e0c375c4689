import { readFile } from 'node:fs/promises';
import { directoryTestSteps } from '../../shared/directory.ts';
import { testStepsText } from './test-steps-text.ts';

test('each step has its mark, and a failed one its code and what to do', () => {
  const steps = [
    { step: 'connect', outcome: 'passed', detail: 'dc1.corp.example:636', durationMs: 3 },
    { step: 'bind', outcome: 'failed', detail: 'The password is wrong.', code: 'ldap.invalid-credentials', next: 'Set the right one.', durationMs: 5 },
    { step: 'rootdse', outcome: 'skipped', detail: 'Not reached.', durationMs: 0 },
  ];
  expect(testStepsText(steps)).toBe(
    [
      '✓ connect                  dc1.corp.example:636',
      '✗ sign in                  The password is wrong. (ldap.invalid-credentials)',
      '                           → Set the right one.',
      '– recognise the directory  Not reached.',
    ].join('\n'),
  );
});

test('the administrator’s guide calls each step as it is printed', async () => {
  const guide = await readFile(new URL('../../../docs/admin-guide.md', import.meta.url), 'utf8');
  const table = /\| step \| what it shows \|\n(?:\|.*\n)+/.exec(guide)?.[0] ?? '';
  const named = [...table.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, names]) => (names ?? '').split(', '));
  const printed = directoryTestSteps.map((step) => testStepsText([{ step, outcome: 'passed', detail: '', durationMs: 0 }]).slice(2).trim());
  expect(named.slice(1)).toEqual(printed);
});
