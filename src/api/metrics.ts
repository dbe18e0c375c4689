/**
 * Metrics of the server, for Prometheus. Names begin with `lockstep_`, units are in them, labels have few values: never an
 * organisation, a site, a path or an address, because /metrics needs no token.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Database } from '../archive/database.ts';
import { countPlatform, type PlatformCounts } from '../archive/platform-counts.ts';
import { isOpen, openRunStates, runStates } from '../shared/runs.ts';

/** Around what is measured here: a read is 2–20 ms, a page of a directory 50–500 ms. */
const DURATION_BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const siteStates = ['pending', 'online', 'offline', 'disabled'] as const;

export interface ApiMetrics {
  readonly registry: Registry;
  /** A request was answered. `route` is the pattern (`/api/v1/sites/:name`), never the path. */
  requestAnswered(request: { readonly method: string; readonly route: string; readonly status: number; readonly durationMs: number }): void;
  /** A page of a directory was committed with so many entries. */
  pageApplied(entries: number): void;
}

/** Registers the metrics in `registry`. Those that the database knows are read when they are asked for. */
export function createApiMetrics(registry: Registry, database: Database): ApiMetrics {
  const durations = new Histogram({
    name: 'lockstep_http_request_duration_seconds',
    help: 'Time to answer, by route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: DURATION_BUCKETS_SECONDS,
    registers: [registry],
  });
  const pages = new Counter({
    name: 'lockstep_directory_pages_applied_total',
    help: 'Pages of directories committed by this process.',
    registers: [registry],
  });
  const entries = new Counter({
    name: 'lockstep_directory_entries_applied_total',
    help: 'Entries in the pages that were committed by this process.',
    registers: [registry],
  });
  registerDatabaseGauges(registry, database);
  return {
    registry,
    requestAnswered: ({ method, route, status, durationMs }) =>
      durations.observe({ method, route, status: String(status) }, durationMs / 1000),
    pageApplied(count) {
      pages.inc();
      entries.inc(count);
    },
  };
}

/** Gauges that the database knows. While it does not answer they have no value, which is not zero. */
function registerDatabaseGauges(registry: Registry, database: Database): void {
  const counts = sharedWhilePending(() => countPlatform(database));
  const gauge = (name: string, help: string, labelNames: string[], show: (gauge: Gauge, counts: PlatformCounts) => void): void => {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        this.reset();
        try {
          show(this, await counts());
        } catch {
          this.remove();
        }
      },
    });
  };
  const ended = runStates.filter((state) => !isOpen(state));
  gauge('lockstep_open_runs', 'Runs that are queued or running.', ['state'], (one, { openRuns }) => {
    for (const state of openRunStates) one.set({ state }, openRuns.get(state) ?? 0);
  });
  gauge('lockstep_ended_runs_24h', 'Runs that ended in the last 24 hours, by how they ended.', ['state'], (one, { endedRuns }) => {
    for (const state of ended) one.set({ state }, endedRuns.get(state) ?? 0);
  });
  gauge('lockstep_sites', 'Sites by state.', ['state'], (one, { sites }) => {
    for (const state of siteStates) one.set({ state }, sites.get(state) ?? 0);
  });
  gauge('lockstep_open_problems', 'Objects that could not be read or applied and still cannot.', [], (one, { openProblems }) => {
    one.set(openProblems);
  });
}

/** Gauges are collected at the same time: they share one question. */
function sharedWhilePending<T>(ask: () => Promise<T>): () => Promise<T> {
  let pending: Promise<T> | undefined;
  return () => {
    pending ??= ask().finally(() => {
      pending = undefined;
    });
    return pending;
  };
}
