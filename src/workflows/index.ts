/** The workflow bundle: every exported function is a workflow type. */
export { connectionTest } from './connection-test.ts';
export { directoryChanges } from './directory-changes.ts';
export { directoryObject } from './directory-object.ts';
export { directoryPlan } from './directory-plan.ts';
export { directorySync } from './directory-sync.ts';
export { directoryTest } from './directory-test.ts';
export { exchangePartition, exchangeTask } from './exchange-task.ts';
