/** Writes docs/cli.md: `node src/cli/write-cli-docs.ts`. */
import { writeFile } from 'node:fs/promises';
import { cliDocs } from './cli-docs.ts';
import { commands } from './registry.ts';

await writeFile(new URL('../../docs/cli.md', import.meta.url), cliDocs(commands));
