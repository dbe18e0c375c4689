/**
 * What the compiler leaves out of dist/: the SQL files, and the workflow bundle, so that an installed server starts without
 * webpack. Part of `npm run build`.
 */
import { cp, writeFile } from 'node:fs/promises';
import { makeWorkflowBundle } from './workflow-bundle.ts';

const [src, dist] = [new URL('../', import.meta.url), new URL('../../dist/', import.meta.url)];
for (const folder of ['archive/migrations', 'archive/sql']) await cp(new URL(folder, src), new URL(folder, dist), { recursive: true });
const { code } = await makeWorkflowBundle();
await writeFile(new URL('workflow-bundle.js', dist), code);
