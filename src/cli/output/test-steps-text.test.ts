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
