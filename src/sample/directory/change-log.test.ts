import fc from 'fast-check';
import { ChangeLog } from './change-log.ts';

test('finds what was changed after any USN, each once, in the order of the last changes', () => {
  const change = fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), removed: fc.boolean() });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 400 }), fc.nat({ max: 420 }), (changes, since) => {
      const log = new ChangeLog();
      const last = new Map<string, number>();
      changes.forEach(({ id, removed }, i) => {
        last.delete(id);
        if (removed) log.remove(id);
        else {
          log.add(id, i + 1);
          last.set(id, i + 1);
        }
      });
      expect([...log.since(since)]).toEqual([...last].filter(([, usn]) => usn > since).map(([id]) => id));
    }),
  );
});
