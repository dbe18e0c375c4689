/** What the test of an exchange connection goes through, as site and platform say it. Types, and the names of the steps. */
import type { DirectoryStep } from './directory.ts';
import type { ErrorReport } from './errors.ts';
import type { ConnectionId } from './ids.ts';

export const connectionTestSteps = [
  'resolve',
  'connect',
  'tls',
  'authentication',
  'sign-in',
  'impersonate',
  'version',
  'folders',
  'items',
  'content',
] as const;
export type ConnectionTestStepName = (typeof connectionTestSteps)[number];
export type ConnectionTestStep = DirectoryStep<ConnectionTestStepName>;

/** POST /site/v1/runs/{runId}/connection-test: what to test. Settings and credential are at /site/v1/connections/{connection}. */
export interface OpenConnectionTest {
  readonly connection: ConnectionId;
  /** Whose mailbox is opened; null: none. */
  readonly address: string | null;
}

/** PUT /site/v1/runs/{runId}/connection-test: what came of it, or why there was no test. Repeating it replaces what was said. */
export type ConnectionTestReport = { readonly steps: readonly ConnectionTestStep[] } | { readonly error: ErrorReport };
