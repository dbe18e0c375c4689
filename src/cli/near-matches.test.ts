import fc from 'fast-check';
import { didYouMean, nearMatches, pasteable } from './near-matches.ts';

const known = ['directory', 'person', 'group', 'runs', 'site', 'status', 'token'];

test.each([
  ['drectory', ['directory']],
  ['directroy', ['directory']],
  ['dir', ['directory']],
  ['sit', ['site']],
  ['Status', ['status']],
  ['xylophone', []],
  ['x', []],
])('%s is near %j', (given, expected) => {
  expect(nearMatches(given, known)).toEqual(expected);
});

test('the nearest name comes first', () => {
  expect(nearMatches('berlin-2', ['berlin', 'berlin-1', 'berlin-2b'])).toEqual(['berlin-2b', 'berlin-1', 'berlin']);
});

test('one slip in a long name is always forgiven', () => {
  const name = fc.string({ unit: fc.constantFrom(...'abcdefgh-'), minLength: 4, maxLength: 20 });
  fc.assert(
    fc.property(name, fc.nat(), (right, at) => {
      const place = at % right.length;
      const wrong = right.slice(0, place) + right.slice(place + 1);
      expect(nearMatches(wrong, [right])).toEqual([right]);
    }),
  );
});

test('nothing near is no suggestion', () => {
  expect(didYouMean('frankfurt', ['berlin'])).toBeUndefined();
  expect(didYouMean('berlim', ['berlin'])).toBe('Did you mean berlin?');
  expect(didYouMean('All Stuff', ['All Staff'])).toBe("Did you mean 'All Staff'?");
});

test('a suggestion can be pasted as one word', () => {
  expect(pasteable('anna@corp.example')).toBe('anna@corp.example');
  expect(pasteable("O'Neil's group")).toBe("'O'\\''Neil'\\''s group'");
  expect(pasteable('$HOME')).toBe("'$HOME'");
});
