import { addMemberChanges } from './member-changes.ts';
import { PageBuilder } from './page-builder.ts';

const group = { guid: 'g', dn: 'CN=Everybody', usn: '7' };
const members = (count: number, from = 0) => Array.from({ length: count }, (_, index) => ({ dn: `CN=Person ${from + index},OU=People,DC=corp,DC=example`, guid: `${from + index}` }));

test('a group with very many new members comes in parts, each once and in order, what left first', () => {
  const page = new PageBuilder();
  const [removed, added] = [members(30_000), members(90_000, 30_000)];
  const parts = [...addMemberChanges(page, group, removed, added), page.take()];
  const changes = parts.flatMap((part) => part.changes);
  expect(parts.length).toBeGreaterThan(1);
  expect(changes.flatMap(({ memberRemoved, memberAdded }) => [...memberRemoved, ...memberAdded])).toEqual([...removed, ...added]);
  expect(changes.every((change) => change.guid === 'g' && change.usn === '7' && !change.deleted)).toBe(true);
  for (const part of parts) expect(JSON.stringify(part).length).toBeLessThan(6 * 1024 * 1024);
});

test('nothing came and nothing went', () => {
  const page = new PageBuilder();
  expect([...addMemberChanges(page, group, [], [])]).toEqual([]);
  expect(page.empty).toBe(true);
});
