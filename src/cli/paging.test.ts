import fc from 'fast-check';
import { firstItems } from './paging.ts';

/** A list of the API, with a largest page. */
const listOf = (size: number) => {
  const requests: { after?: string; limit: number }[] = [];
  const read = async (query: { after?: string; limit: number }) => {
    requests.push(query);
    const from = query.after === undefined ? 0 : Number(query.after);
    const to = Math.min(size, from + query.limit);
    return { items: Array.from({ length: to - from }, (_, at) => from + at), next: to < size ? String(to) : null };
  };
  return { read, requests };
};

test('whatever the limit, the items are the first ones, each once, and next tells whether there are more', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 2000 }), fc.integer({ min: 1, max: 2500 }), async (size, limit) => {
      const { read, requests } = listOf(size);
      const page = await firstItems(limit, read);
      expect(page.items).toEqual(Array.from({ length: Math.min(size, limit) }, (_, at) => at));
      expect(page.next).toBe(limit < size ? String(limit) : null);
      for (const request of requests) expect(request.limit).toBeLessThanOrEqual(500);
    }),
  );
});

test('without a limit everything is read', async () => {
  expect((await firstItems(Infinity, listOf(1234).read)).items).toHaveLength(1234);
});
