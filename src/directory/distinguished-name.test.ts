import { outermost } from './distinguished-name.ts';

describe('outermost', () => {
  test('leaves out what lies in another subtree, however it is written', () => {
    expect(outermost(['OU=Sales,OU=People,DC=corp', 'ou=people, dc=corp', 'OU=Groups,DC=corp'])).toEqual(['ou=people, dc=corp', 'OU=Groups,DC=corp']);
  });
  test('keeps the first of two that are the same', () => {
    expect(outermost(['OU=A,DC=corp', 'ou = a,dc=CORP'])).toEqual(['OU=A,DC=corp']);
  });
  test('takes a longer name for no part of a shorter one with the same end', () => {
    expect(outermost(['OU=My People,DC=corp', 'OU=People,DC=corp'])).toHaveLength(2);
  });
});
