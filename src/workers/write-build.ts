/**
 * What the compiler leaves out of dist/: the SQL files, and the workflow bundle, so that an installed server starts without
 * webpack. Part of `npm run build`; into dist/, or the folder that is given.
 */
import { cp, writeFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { makeWorkflowBundle } from './workflow-bundle.ts';

const src = new URL('../', import.meta.url);
const [, , folder = fileURLToPath(new URL('../../dist', import.meta.url))] = process.argv;
const dist = pathToFileURL(`${folder}/`);
for (const each of ['archive/migrations', 'archive/sql']) await cp(new URL(each, src), new URL(each, dist), { recursive: true });
const { code } = await makeWorkflowBundle();
await writeFile(new URL('workflow-bundle.js', dist), code);
