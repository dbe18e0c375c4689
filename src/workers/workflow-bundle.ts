import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type WorkflowBundleOption } from '@temporalio/worker';
import { failureConverterPath } from '../codec/data-converter.ts';

const built = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));

/** The bundle that the package was built with; from a checkout it is made at start (some seconds). */
export async function workflowBundle(): Promise<WorkflowBundleOption> {
  return existsSync(built) ? { codePath: built } : makeWorkflowBundle();
}

export const makeWorkflowBundle = () =>
  bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../workflows/index.ts' : '../workflows/index.js', import.meta.url)),
    failureConverterPath,
  });
