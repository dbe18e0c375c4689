/**
 * Moves message and stack of a failure into a payload, which the codec then encrypts; left in place they would be stored
 * in clear. Loaded by path into clients, workers and the workflow bundle, so it may import nothing of Node.
 */
import { DefaultFailureConverter } from '@temporalio/common';

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
