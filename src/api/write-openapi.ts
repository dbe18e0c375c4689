/** `node src/api/write-openapi.ts`: writes docs/openapi.json. A test fails when it was forgotten. */
import { writeFile } from 'node:fs/promises';
import { openApiDocument } from './openapi-document.ts';

await writeFile(new URL('../../docs/openapi.json', import.meta.url), await openApiDocument());
