import { UsageError } from './command.ts';
import { parseRule } from './item-rules.ts';

test.each([
  ['exclude path=Projects/Old things/*', { action: 'exclude', path: 'Projects/Old things/*' }],
  ['include folder=Inbox class=IPM.Note', { action: 'include', wellKnown: 'inbox', itemClass: 'IPM.Note' }],
  ['EXCLUDE older=365 larger=1000000', { action: 'exclude', olderThanDays: 365, largerThanBytes: 1_000_000 }],
])('%s is a rule', (text, rule) => {
  expect(parseRule(text)).toEqual(rule);
});

test.each(['', 'exclude', 'path=a', 'keep path=a', 'exclude older=0', 'exclude older=1.5', 'exclude path=a older=b', 'exclude folder=nowhere', 'exclude anything path=a'])(
  '"%s" is no rule, and the reader learns what is',
  (text) => {
    expect(() => parseRule(text)).toThrow(UsageError);
  },
);
