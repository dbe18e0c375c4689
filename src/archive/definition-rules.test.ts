import type { ItemRule } from '../shared/tasks.ts';
import { folderReplicationIssues } from './definition-rules.ts';

const issuesOf = (...rules: ItemRule[]) =>
  folderReplicationIssues({ withContent: true, exclude: { inbox: false, sentItems: false, deletedItems: false }, rules }).map(({ path }) => path);

test.each<ItemRule>([
  { action: 'exclude', path: 'Projects/Old*' },
  { action: 'include', path: '**/Keep' },
  { action: 'exclude', path: '**' },
  { action: 'include', wellKnown: 'inbox', itemClass: 'IPM.Note', olderThanDays: 1, largerThanBytes: 1 },
])('%j makes sense', (rule) => {
  expect(issuesOf(rule)).toEqual([]);
});

test.each<[ItemRule, string]>([
  [{ action: 'exclude' }, '/settings/rules/0'],
  [{ action: 'exclude', wellKnown: 'inbox', path: 'A' }, '/settings/rules/0/path'],
  [{ action: 'exclude', path: '/A' }, '/settings/rules/0/path'],
  [{ action: 'exclude', path: 'A//B' }, '/settings/rules/0/path'],
  [{ action: 'exclude', path: 'A**' }, '/settings/rules/0/path'],
  [{ action: 'exclude', itemClass: 'IPM..Note' }, '/settings/rules/0/itemClass'],
  [{ action: 'exclude', itemClass: '.IPM' }, '/settings/rules/0/itemClass'],
])('%j is refused at %s', (rule, path) => {
  expect(issuesOf(rule)).toEqual([path]);
});

test('every rule that is wrong is named', () => {
  expect(issuesOf({ action: 'exclude', path: 'A' }, { action: 'exclude' }, { action: 'exclude', path: '' })).toEqual(['/settings/rules/1', '/settings/rules/2/path']);
});
