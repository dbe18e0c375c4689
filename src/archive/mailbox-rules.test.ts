import fc from 'fast-check';
import type { WellKnownFolder } from '../shared/mailbox.ts';
import type { ItemRule } from '../shared/tasks.ts';
import { type EffectiveRules, type FolderPlace, folderRules, leftOut, type RuledItem, rulesHash } from './mailbox-rules.ts';

const now = new Date('2026-11-24T12:00:00Z');
const rulesOf = (rules: readonly ItemRule[] = [], overrides: Partial<EffectiveRules> = {}): EffectiveRules => ({
  leaveOutPrivate: true, exclude: { inbox: false, sentItems: false, deletedItems: false }, rules, ...overrides,
});
const place = (path: string, ...wellKnown: WellKnownFolder[]): FolderPlace => ({ path: path.split('/'), wellKnown });
const item = { itemClass: 'IPM.Note', size: 1000, sortAt: '2026-11-20T12:00:00Z', sensitivity: 'normal' } as const;
const inbox = place('Inbox', 'inbox');
const reasonOf = (rules: EffectiveRules, folder: FolderPlace, of: RuledItem) => leftOut(folderRules(rules, folder, now), of);

describe('leftOut', () => {
  test.each([['personal', 'private'], ['private', 'private'], ['confidential', null], ['normal', null]] as const)('%s by default: %s', (sensitivity, reason) => {
    expect(reasonOf(rulesOf(), inbox, { ...item, sensitivity })).toBe(reason);
    expect(reasonOf(rulesOf([], { leaveOutPrivate: false }), inbox, { ...item, sensitivity })).toBeNull();
  });

  test('a switched off folder is left out with its subfolders, whatever the rules say', () => {
    const rules = rulesOf([{ action: 'include', path: '**' }], { exclude: { inbox: true, sentItems: false, deletedItems: false } });
    expect(reasonOf(rules, inbox, item)).toBe('folder');
    expect(reasonOf(rules, place('Inbox/Projects', 'inbox'), item)).toBe('folder');
    expect(reasonOf(rules, place('Sent Items', 'sentitems'), item)).toBeNull();
  });

  test('the first rule that holds decides', () => {
    const rules = rulesOf([{ action: 'include', path: 'Inbox/Keep' }, { action: 'exclude', wellKnown: 'inbox' }]);
    expect(reasonOf(rules, place('Inbox/Keep', 'inbox'), item)).toBeNull();
    expect(reasonOf(rules, place('Inbox/Keep/Below', 'inbox'), item)).toBe('folder');
    expect(reasonOf(rules, place('Other'), item)).toBeNull();
  });

  test.each<[Partial<ItemRule>, Partial<typeof item> | Record<string, unknown>, string | null]>([
    [{ itemClass: 'ipm.note' }, { itemClass: 'IPM.Note.SMIME' }, 'class'],
    [{ itemClass: 'IPM.Note' }, { itemClass: 'IPM.Notebook' }, null],
    [{ largerThanBytes: 1000 }, {}, null],
    [{ largerThanBytes: 999 }, {}, 'size'],
    [{ olderThanDays: 4 }, {}, null],
    [{ olderThanDays: 3 }, {}, 'age'],
    // To the beginning of the day.
    [{ olderThanDays: 4 }, { sortAt: '2026-11-20T00:00:00Z' }, null],
    [{ olderThanDays: 4 }, { sortAt: '2026-11-19T23:59:59.999999Z' }, 'age'],
    [{ olderThanDays: 3, itemClass: 'IPM.Contact' }, {}, null],
  ])('%o of %o: %s', (rule, overrides, reason) => {
    expect(reasonOf(rulesOf([{ action: 'exclude', ...rule }]), inbox, { ...item, ...overrides })).toBe(reason);
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
    expect(reasonOf(rulesOf([{ action: 'exclude', path }]), place(folder), item)).toBe(matches ? 'folder' : null);
  });

  test('a path of stars agrees with a plain regular expression', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 6 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), minLength: 1, maxLength: 6 }).filter((text) => !text.includes('**'));
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), fc.array(fc.oneof(pattern, fc.constant('**')), { minLength: 1, maxLength: 4 }), (names, parts) => {
        const source = parts.map((part) => (part === '**' ? '(?:/[ab]+)*' : `/${part.replaceAll('*', '[ab]*')}`)).join('');
        const expected = new RegExp(`^${source}$`).test(names.map((part) => `/${part}`).join(''));
        expect(reasonOf(rulesOf([{ action: 'exclude', path: parts.join('/') }]), { path: names, wellKnown: [] }, item)).toBe(expected ? 'folder' : null);
      }),
    );
  });
});

test('what a folder is judged by changes with what is said of it, and with the day where that speaks of age', () => {
  const hash = (rules: EffectiveRules, folder = inbox, at = now) => rulesHash(folderRules(rules, folder, at)).toString('hex');
  const [later, tomorrow] = [new Date('2026-11-24T23:59:59Z'), new Date('2026-11-25T00:00:00Z')];
  const old = rulesOf([{ action: 'exclude', olderThanDays: 3 }]);
  expect(hash(old)).toBe(hash(old, inbox, later));
  expect(hash(old)).not.toBe(hash(old, inbox, tomorrow));
  expect(hash(old)).not.toBe(hash(rulesOf()));
  expect(hash(rulesOf())).toBe(hash(rulesOf(), place('Inbox/a', 'inbox'), tomorrow));
  const elsewhere = rulesOf([{ action: 'exclude', path: 'Inbox/a', olderThanDays: 3 }]);
  expect(hash(elsewhere)).toBe(hash(rulesOf()));
  expect(hash(elsewhere, place('Inbox/a', 'inbox'))).not.toBe(hash(elsewhere));
  // What no item reaches says nothing.
  const first: ItemRule = { action: 'include', wellKnown: 'inbox' };
  expect(hash(rulesOf([first, { action: 'exclude', itemClass: 'IPM' }]))).toBe(hash(rulesOf([first])));
});
