import { UsageError } from './command.ts';
import { withGivenRemoval } from './removal-settings.ts';

test('nothing given and nothing set is nothing', () => {
  expect(withGivenRemoval(undefined, {})).toBeUndefined();
});

test('what is given joins what is set', () => {
  const before = { people: 'disable' as const, limits: { deletion: { number: 20 }, disable: { percent: 1 } } };
  expect(withGivenRemoval(before, { removal: 'delete-after-days=30', deletionLimitPercent: 2, groupRemovalLimit: 0 })).toEqual({
    people: { deleteAfterDays: 30 },
    limits: { deletion: { number: 20, percent: 2 }, disable: { percent: 1 }, 'group-removal': { number: 0 } },
  });
  expect(withGivenRemoval(before, {})).toEqual(before);
});

test.each(['delete', 'delete-after-days=0', 'delete-after-days=', 'Keep'])('the rule %j is refused', (removal) => {
  expect(() => withGivenRemoval(undefined, { removal })).toThrow(UsageError);
});
