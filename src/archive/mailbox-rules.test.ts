import fc from 'fast-check';
import type { WellKnownFolder } from '../shared/mailbox.ts';
import type { ItemRule } from '../shared/tasks.ts';
import { type EffectiveRules, type FolderPlace, leftOut, rulesKey } from './mailbox-rules.ts';

const now = new Date('2026-11-24T12:00:00Z');
const rulesOf = (rules: readonly ItemRule[] = [], overrides: Partial<EffectiveRules> = {}): EffectiveRules => ({
  leaveOutPrivate: true, exclude: { inbox: false, sentItems: false, deletedItems: false }, rules, ...overrides,
});
const place = (path: string, ...wellKnown: WellKnownFolder[]): FolderPlace => ({ path: path.split('/'), wellKnown });
const item = { itemClass: 'IPM.Note', size: 1000, sortAt: '2026-11-20T12:00:00Z', sensitivity: 'normal' } as const;
const inbox = place('Inbox', 'inbox');

describe('leftOut', () => {
  test.each([['personal', 'private'], ['private', 'private'], ['confidential', null], ['normal', null]] as const)('%s by default: %s', (sensitivity, reason) => {
    expect(leftOut(rulesOf(), inbox, { ...item, sensitivity }, now)).toBe(reason);
    expect(leftOut(rulesOf([], { leaveOutPrivate: false }), inbox, { ...item, sensitivity }, now)).toBeNull();
  });

  test('a switched off folder is left out with its subfolders, whatever the rules say', () => {
    const rules = rulesOf([{ action: 'include', path: '**' }], { exclude: { inbox: true, sentItems: false, deletedItems: false } });
    expect(leftOut(rules, inbox, item, now)).toBe('folder');
    expect(leftOut(rules, place('Inbox/Projects', 'inbox'), item, now)).toBe('folder');
    expect(leftOut(rules, place('Sent Items', 'sentitems'), item, now)).toBeNull();
  });

  test('the first rule that holds decides', () => {
    const rules = rulesOf([{ action: 'include', path: 'Inbox/Keep' }, { action: 'exclude', wellKnown: 'inbox' }]);
    expect(leftOut(rules, place('Inbox/Keep', 'inbox'), item, now)).toBeNull();
    expect(leftOut(rules, place('Inbox/Keep/Below', 'inbox'), item, now)).toBe('folder');
    expect(leftOut(rules, place('Other'), item, now)).toBeNull();
  });

  test.each<[Partial<ItemRule>, Partial<typeof item> | Record<string, unknown>, string | null]>([
    [{ itemClass: 'ipm.note' }, { itemClass: 'IPM.Note.SMIME' }, 'class'],
    [{ itemClass: 'IPM.Note' }, { itemClass: 'IPM.Notebook' }, null],
    [{ largerThanBytes: 1000 }, {}, null],
    [{ largerThanBytes: 999 }, {}, 'size'],
    [{ olderThanDays: 4 }, {}, null],
    [{ olderThanDays: 3 }, {}, 'age'],
    [{ olderThanDays: 3, itemClass: 'IPM.Contact' }, {}, null],
  ])('%o of %o: %s', (rule, overrides, reason) => {
    expect(leftOut(rulesOf([{ action: 'exclude', ...rule }]), inbox, { ...item, ...overrides }, now)).toBe(reason);
  });

  test.each([
    ['Projects/Old*', 'projects/OLD stuff', true],
    ['Projects/Old*', 'Projects/Old/Deeper', false],
    ['Projects/**', 'Projects', true],
    ['Projects/**', 'Projects/a/b', true],
    ['**/Done', 'a/b/Done', true],
    ['**/Done', 'Done', true],
    ['**/Done', 'a/Done/b', false],
    ['*a*b', 'xaxbxb', true],
    ['ab*ba', 'aba', false],
    ['*', 'a/b', false],
  ])('path %s of %s: %s', (path, folder, matches) => {
    expect(leftOut(rulesOf([{ action: 'exclude', path }]), place(folder), item, now)).toBe(matches ? 'folder' : null);
  });

  test('a path of stars agrees with a plain regular expression', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 6 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), minLength: 1, maxLength: 6 }).filter((text) => !text.includes('**'));
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), fc.array(fc.oneof(pattern, fc.constant('**')), { minLength: 1, maxLength: 4 }), (names, parts) => {
        const source = parts.map((part) => (part === '**' ? '(?:/[ab]+)*' : `/${part.replaceAll('*', '[ab]*')}`)).join('');
        const expected = new RegExp(`^${source}$`).test(names.map((part) => `/${part}`).join(''));
        expect(leftOut(rulesOf([{ action: 'exclude', path: parts.join('/') }]), { path: names, wellKnown: [] }, item, now)).toBe(expected ? 'folder' : null);
      }),
    );
  });
});

test('the key of rules changes with what they say, where the folder is, and the day where age lets items in', () => {
  const tomorrow = new Date(now.getTime() + 86_400_000);
  const plain = rulesOf([{ action: 'exclude', olderThanDays: 3 }]);
  expect(rulesKey(plain, inbox, now)).toBe(rulesKey(plain, inbox, tomorrow));
  expect(rulesKey(plain, inbox, now)).not.toBe(rulesKey(rulesOf(), inbox, now));
  expect(rulesKey(plain, inbox, now)).not.toBe(rulesKey(plain, place('Inbox/a', 'inbox'), now));
  const letting = rulesOf([{ action: 'include', olderThanDays: 3 }, { action: 'exclude', itemClass: 'IPM' }]);
  expect(rulesKey(letting, inbox, now)).not.toBe(rulesKey(letting, inbox, tomorrow));
});
