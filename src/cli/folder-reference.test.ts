import { type Folder, folderPaths, folderReference } from './folder-reference.ts';

const folder = (id: string, name: string, overrides: Partial<Folder> = {}): Folder => ({
  id, name, parent: null, folderClass: 'IPF.Note', wellKnown: null, items: 0, leftOut: 0, closedPass: null, error: null, ...overrides,
});
const inbox = folder('1', 'Posteingang', { wellKnown: 'inbox' });
const projects = folder('2', 'Projects', { parent: '1' });
const gone = folder('3', 'Old', { closedPass: 4 });
const back = folder('4', 'Old');
const folders = [inbox, projects, gone, back];

test.each([
  ['inbox', inbox],
  ['INBOX', inbox],
  ['posteingang', inbox],
  ['Posteingang/projects', projects],
  ['/Posteingang/Projects/', projects],
  ['2', projects],
  ['Old', back],
  ['3', gone],
])('%s is found', (given, found) => {
  expect(folderReference(folders, given)).toBe(found);
});

test('one that does not exist is answered with those that are near', () => {
  expect(() => folderReference(folders, 'Projects')).toThrow('no folder "Projects"');
  const near = { exitCode: 6, next: expect.stringContaining('Did you mean Posteingang/Projects?') as string };
  expect(() => folderReference(folders, 'Posteingang/Project')).toThrow(expect.objectContaining(near) as Error);
});

test('two of one name are told apart by id', () => {
  expect(() => folderReference([...folders, folder('9', 'old')], 'Old')).toThrow('id: 4, 9.');
});

test('a ring of folders ends', () => {
  const [a, b] = [folder('1', 'a', { parent: '2' }), folder('2', 'b', { parent: '1' })];
  expect([...folderPaths([a, b]).values()]).toEqual([['b', 'a'], ['a', 'b']]);
});
