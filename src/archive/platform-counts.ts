import { sql } from 'kysely';
import type { RunState } from '../shared/runs.ts';
import type { Database } from './database.ts';
import type { SiteState } from './sites.ts';

/** Counts of the whole installation, for its metrics. A state that is absent has none. */
export interface PlatformCounts {
  readonly openRuns: ReadonlyMap<RunState, number>;
  /** Of the last 24 hours. */
  readonly endedRuns: ReadonlyMap<RunState, number>;
  readonly sites: ReadonlyMap<SiteState, number>;
  readonly openProblems: number;
}

type Row =
  | { readonly what: 'open-runs' | 'ended-runs'; readonly label: RunState; readonly count: string }
  | { readonly what: 'sites'; readonly label: SiteState; readonly count: string }
  | { readonly what: 'open-problems'; readonly label: ''; readonly count: string };

export async function countPlatform(database: Database): Promise<PlatformCounts> {
  const { rows } = await sql<Row>`select what, label, count from platform_counts()`.execute(database);
  const openRuns = new Map<RunState, number>();
  const endedRuns = new Map<RunState, number>();
  const sites = new Map<SiteState, number>();
  let openProblems = 0;
  for (const row of rows) {
    switch (row.what) {
      case 'open-runs':
        openRuns.set(row.label, Number(row.count));
        break;
      case 'ended-runs':
        endedRuns.set(row.label, Number(row.count));
        break;
      case 'sites':
        sites.set(row.label, Number(row.count));
        break;
      case 'open-problems':
        openProblems = Number(row.count);
        break;
    }
  }
  return { openRuns, endedRuns, sites, openProblems };
}
