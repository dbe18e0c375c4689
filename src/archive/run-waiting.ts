import type { ErrorReport } from '../shared/errors.ts';
import { isOpen, type RunState } from '../shared/runs.ts';
import type { SiteState } from './sites.ts';

/** What is known of a run when somebody asks what it waits for. */
export interface RunSituation {
  readonly state: RunState;
  readonly site: string;
  readonly siteState: SiteState;
  readonly siteLastSeenAt: Date | null;
  readonly progressAt: Date | null;
  /** No page for ten minutes, by the database's clock. */
  readonly stalled: boolean;
  /** Of the last attempt, while the run is open. */
  readonly error: ErrorReport | null;
}

/** What an open run waits for, in a sentence; null when it is ended or gets on. */
export function waitingFor(run: RunSituation): string | null {
  if (!isOpen(run.state)) return null;
  switch (run.siteState) {
    case 'disabled':
      return `site ${run.site} is disabled`;
    case 'pending':
      return `site ${run.site} is not enrolled yet`;
    case 'offline':
      return `site ${run.site} is offline ${run.siteLastSeenAt === null ? 'and was never seen' : `since ${run.siteLastSeenAt.toISOString()}`}`;
    case 'online':
      break;
  }
  if (run.error !== null) return `${run.error.message} Trying again. ${run.error.next}`;
  if (run.state === 'queued') return 'queued: a server takes it up next';
  if (run.progressAt === null) return `site ${run.site} has not begun yet`;
  return run.stalled ? `nothing has arrived from site ${run.site} since ${run.progressAt.toISOString()}` : null;
}
