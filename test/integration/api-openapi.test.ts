import { readFile } from 'node:fs/promises';
import { openApiDocument } from '../../src/api/openapi-document.ts';

test('docs/openapi.json is what the routes say (write it anew: node src/api/write-openapi.ts)', async () => {
  const written = await readFile(new URL('../../docs/openapi.json', import.meta.url), 'utf8');
  expect(JSON.parse(written)).toEqual(JSON.parse(await openApiDocument()));
});
