/** Names that cross a seam: task queues, workflow and schedule ids. Never spelled out at a call. */
import type { SiteId } from './ids.ts';

/** Workflows and platform activities; polled by every lockstep server. */
export const PLATFORM_QUEUE = 'lockstep';

/** The only queue that the nodes of one site may poll (enforced by the site gateway). */
export const siteQueue = (site: SiteId): string => `site.${site}`;

/** Slug of an organisation, site or integration. Part of workflow ids, so it can never hold an address. */
export const slugPattern = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

/** `directory-sync/acme/corp/run-12`: what an operator reads in the Temporal UI. */
export const runWorkflowId = (kind: string, organisation: string, integration: string, number: number): string =>
  `${kind}/${organisation}/${integration}/run-${number}`;

/** Scheduled runs get the tick's time appended by the Temporal server. */
export const scheduledWorkflowId = (kind: string, organisation: string, integration: string): string =>
  `${kind}/${organisation}/${integration}/scheduled`;

/** `directory-sync/acme/corp`: of a directory or a task, by the kind of its runs. */
export const scheduleId = (kind: string, organisation: string, subject: string): string => `${kind}/${organisation}/${subject}`;

/** One for each directory that is watched. */
export const watchWorkflowId = (organisation: string, integration: string): string => `directory-changes/${organisation}/${integration}`;
