import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

export const historyFolder = fileURLToPath(new URL('./histories/', import.meta.url));

/**
 * Keeps the history of a real run for the replay test, when `LOCKSTEP_RECORD_HISTORIES=<version>` is set. Record with the
 * workflow code of a release, before it changes: a history of the changed code proves nothing.
 */
export async function recordHistory(situation: string, handle: WorkflowHandle): Promise<void> {
  const version = process.env['LOCKSTEP_RECORD_HISTORIES'];
  if (version === undefined) return;
  const json = historyToJSON(await handle.fetchHistory())
    // Says nothing about a replay, and is about the machine that recorded it.
    .replace(/"identity": "[^"]*"/g, '"identity": "recorder"')
    .replace(/"stackTrace": "[^"]*"/g, '"stackTrace": ""');
  await writeFile(`${historyFolder}${version}-${situation}.json`, json);
}
