import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Runtime, type WorkflowBundle } from '@temporalio/worker';
import { component } from './component.ts';

// Once a test file, before its first connection: only what went wrong is worth reading.
Runtime.install({ logger: new DefaultLogger('ERROR') });

/** The workflow bundle, made once a run (webpack takes seconds). */
export async function workflowBundle(): Promise<WorkflowBundle> {
  const { path } = await component('workflow-bundle', async (folder) => {
    const { code } = await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url)),
      logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
    });
    const path = `${folder}/workflow-bundle.js`;
    await writeFile(path, code);
    return { path };
  });
  return { code: await readFile(path, 'utf8') };
}
