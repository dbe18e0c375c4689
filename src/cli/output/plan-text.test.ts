import { planText } from './plan-text.ts';

const guid = '11111111-1111-4111-8111-111111111111';

test('a changed entry shows each attribute before and after; others only who', () => {
  const entries = [
    { action: 'added', guid, subject: 'new@corp.example', changes: [{ attribute: 'mail', before: [], after: ['new@corp.example'] }] },
    {
      action: 'changed',
      guid,
      subject: 'anna@corp.example',
      changes: [
        { attribute: 'title', before: [], after: ['Lead'] },
        { attribute: 'proxyAddresses', before: ['SMTP:a@x', 'smtp:b@x'], after: ['SMTP:a@x'] },
      ],
    },
    { action: 'missing', guid, subject: 'gone@corp.example', changes: [] },
  ];
  expect(planText(entries, Infinity)).toBe(
    [
      'added     new@corp.example',
      'changed   anna@corp.example',
      '          title           (nothing) → Lead',
      '          proxyAddresses  SMTP:a@x, smtp:b@x → SMTP:a@x',
      'missing   gone@corp.example',
    ].join('\n'),
  );
});

test('no line is longer than the terminal', () => {
  const entries = [{ action: 'changed', guid, subject: 'x'.repeat(200), changes: [{ attribute: 'info', before: ['y'.repeat(200)], after: [] }] }];
  for (const line of planText(entries, 60).split('\n')) expect(line.length).toBeLessThanOrEqual(60);
});
