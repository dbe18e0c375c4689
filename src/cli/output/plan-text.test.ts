import { planCountsText, planText, settingsChangesText } from './plan-text.ts';

const common = { guid: '11111111-1111-4111-8111-111111111111', kind: 'user', directory: 'hq', detail: null, changes: [] };

test('entries stand below their action; a change shows each attribute before and after', () => {
  const entries = [
    { ...common, action: 'conflict', subject: 'info@corp.example: Anna', detail: 'The older object "Bert" holds this address.' },
    { ...common, action: 'removed', subject: 'gone@corp.example' },
    { ...common, action: 'removed', subject: 'left@corp.example' },
    {
      ...common,
      action: 'changed',
      subject: 'anna@corp.example',
      changes: [
        { attribute: 'title', before: [], after: ['Lead'] },
        { attribute: 'proxyAddresses', before: ['SMTP:a@x', 'smtp:b@x'], after: ['SMTP:a@x'] },
      ],
    },
  ];
  expect(planText(entries, Infinity)).toBe(
    [
      'conflict',
      '  info@corp.example: Anna',
      '      The older object "Bert" holds this address.',
      '',
      'removed',
      '  gone@corp.example',
      '  left@corp.example',
      '',
      'changed',
      '  anna@corp.example',
      '      title           (nothing) → Lead',
      '      proxyAddresses  SMTP:a@x, smtp:b@x → SMTP:a@x',
    ].join('\n'),
  );
});

test('no line is longer than the terminal', () => {
  const entries = [{ ...common, action: 'changed', subject: 'x'.repeat(200), changes: [{ attribute: 'info', before: ['y'.repeat(200)], after: [] }] }];
  for (const line of planText(entries, 60).split('\n')) expect(line.length).toBeLessThanOrEqual(60);
});

test('counts stand in the order of the plan, whatever the platform adds to it', () => {
  const counts = { promoted: { people: 1, groups: 0 }, changed: { people: 1200, groups: 3 }, held: { people: 4, groups: 0 } };
  expect(planCountsText(counts).split('\n').map((line) => line.replaceAll(/ {2,}/g, ' | '))).toEqual([
    'WOULD BE | PEOPLE | GROUPS',
    'held for approval | 4 | 0',
    'changed | 1,200 | 3',
    'promoted | 1 | 0',
  ]);
});

test('settings that are not saved are shown with what is saved', () => {
  const saved = { account: 'svc', security: 'ldaps', acknowledgeDisabled: true, searchBases: ['OU=A,DC=x', 'OU=B,DC=x'] } as const;
  expect(settingsChangesText({ ...saved, searchBases: [...saved.searchBases] }, { account: 'svc', security: 'ldaps', acknowledgeDisabled: false, filter: '(a=b)' })).toBe(
    ['With settings that are not saved:', '  acknowledgeDisabled: true → false', '  searchBases: OU=A,DC=x; OU=B,DC=x → (default)', '  filter: (default) → (a=b)'].join('\n'),
  );
});
