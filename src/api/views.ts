/** Rows as the API shows them. Nothing that is not named here leaves the database. */
import type { ApiTokenRow, IssuedApiToken } from '../archive/api-tokens.ts';
import type { HistoryEvent } from '../archive/directory-history.ts';
import { type DomainReader, forestDomains } from '../archive/forest-domains.ts';
import type { HeldObject, HeldSet } from '../archive/held-list.ts';
import type { IntegrationView } from '../archive/integrations.ts';
import { settingsWarnings } from '../archive/integration-rules.ts';
import type { KeysetPage } from '../archive/keyset.ts';
import type { OrganisationRow, OrganisationSettingsRow } from '../archive/organisations.ts';
import type { PlanEntryRow } from '../archive/plans.ts';
import type { ProblemRow } from '../archive/problems.ts';
import type { RunView } from '../archive/run-list.ts';
import type { Parking } from '../archive/run-tick.ts';
import type { SiteView } from '../archive/sites.ts';
import { DEFAULT_POLL_SECONDS, type DirectorySettings } from '../shared/directory.ts';
import type { Schedule } from '../shared/schedule-types.ts';
import type { Directory, DirectoryProblem, PlanEntry, Run, RunSummary } from './schemas/directories.ts';
import type { IssuedToken, Organisation, OwnOrganisation, Scope, Token } from './schemas/organisations.ts';
import type { Site } from './schemas/sites.ts';

const time = (date: Date): string => date.toISOString();
const optionalTime = (date: Date | null): string | null => date?.toISOString() ?? null;

export const organisationAnswer = (row: OrganisationRow): Organisation => ({
  id: row.id,
  name: row.name,
  displayName: row.display_name,
  createdAt: time(row.created_at),
});

export const ownOrganisationAnswer = (row: OrganisationSettingsRow): OwnOrganisation => ({ ...organisationAnswer(row), leaveOutPrivate: row.leave_out_private });

export const tokenAnswer = (row: ApiTokenRow): Token => ({
  id: row.id,
  label: row.label,
  scopes: row.scopes.filter(isScope),
  createdAt: time(row.created_at),
  expiresAt: optionalTime(row.expires_at),
  lastUsedAt: optionalTime(row.last_used_at),
});
const isScope = (text: string): text is Scope => text === 'read' || text === 'operate' || text === 'admin';

export const issuedTokenAnswer = ({ row, token }: IssuedApiToken): IssuedToken => ({
  token,
  id: row.id,
  label: row.label,
  scopes: row.scopes.filter(isScope),
});

export const siteAnswer = (row: SiteView): Site => ({
  id: row.id,
  name: row.name,
  description: row.description,
  state: row.state,
  version: row.version,
  createdAt: time(row.created_at),
  enrolledAt: optionalTime(row.enrolled_at),
  lastSeenAt: optionalTime(row.last_seen_at),
  nodes: row.nodes.map((node) => ({ ...node, lastSeenAt: time(node.lastSeenAt) })),
});

export const runSummaryAnswer = (row: RunView): RunSummary => ({
  id: row.id,
  number: row.number,
  kind: row.kind,
  trigger: row.trigger,
  state: row.state,
  integration: row.integration,
  task: row.task,
  connection: row.connection,
  workflowId: row.workflow_id,
  requestedAt: time(row.requested_at),
  startedAt: optionalTime(row.started_at),
  progressAt: optionalTime(row.progress_at),
  finishedAt: optionalTime(row.finished_at),
  waiting: row.waiting,
  totals: { ...row.totals },
  reason: row.reason,
  object: row.object,
  error: row.error,
});

export const runAnswer = (row: RunView, held: readonly HeldSet[]): Run => ({
  ...runSummaryAnswer(row),
  report: row.report,
  held: held.map((set) => ({
    ...heldAnswer(set),
    state: set.state,
    resolvedAt: optionalTime(set.resolvedAt),
    resolvedBy: set.resolvedBy,
    resolvedObjects: set.resolvedObjects,
  })),
  plan:
    row.kind !== 'directory-plan'
      ? null
      : {
          settings: row.settings === null ? null : settingsAnswer(row.settings),
          fromStored: row.from_stored,
          counts: row.plan_counts,
          forgottenAt: optionalTime(row.plan_forgotten_at),
        },
});

export const planEntryAnswer = (row: PlanEntryRow): PlanEntry => mutable(row);
export const historyAnswer = (page: KeysetPage<HistoryEvent>): Mutable<KeysetPage<HistoryEvent>> => mutable(page);

const heldAnswer = ({ kind, objects, reason, heldAt }: HeldSet) => ({ kind, objects, reason, heldAt: time(heldAt) });

export const heldObjectAnswer = ({ kind, guid, object, person, subject, dn, why, pending }: HeldObject) => ({ kind, guid, object, person, subject, dn, why, pending });

export const settingsAnswer = (settings: DirectorySettings): Directory['settings'] => mutable(settings);
export const scheduleAnswer = (schedule: Schedule | null): Directory['schedule'] => (schedule === null ? null : mutable(schedule));

/** What an integration's answer needs beyond its row. */
export interface DirectoryCompany {
  readonly lastRun: RunView | undefined;
  /** Ticks that Temporal itself skipped. */
  readonly skippedByTemporal: number;
  readonly nextRuns: readonly Date[];
  readonly parked: Parking | undefined;
  /** What waits for a decision in it. */
  readonly held: readonly HeldSet[];
  /** All directories of the organisation: which domains they read. */
  readonly readers: readonly DomainReader[];
  readonly now: Date;
}

export const directoryAnswer = (row: IntegrationView, company: DirectoryCompany): Directory => ({
  id: row.id,
  name: row.name,
  description: row.description,
  site: row.site_name,
  settings: settingsAnswer(row.settings),
  credential: { set: row.has_credential, changedAt: optionalTime(row.credential_changed_at) },
  schedule: scheduleAnswer(row.schedule),
  jitterSeconds: row.jitter_seconds,
  state: row.state,
  skippedTicks: row.skipped_ticks + company.skippedByTemporal,
  parked: company.parked === undefined ? null : parkedAnswer(row, company.parked),
  nextRuns: company.nextRuns.map(time),
  changes: changesAnswer(row, company),
  findings:
    row.findings === null
      ? null
      : mutable({ domains: forestDomains(row.findings.domains, company.readers), references: row.findings.references }),
  openProblems: row.open_problems,
  held: company.held.map((set) => ({ ...heldAnswer(set), run: set.run, runNumber: set.runNumber })),
  counts: { people: row.people, groups: row.groups, missing: row.missing },
  lastRun: company.lastRun === undefined ? null : runSummaryAnswer(company.lastRun),
  warnings: settingsWarnings(row.settings),
  createdAt: time(row.created_at),
  changedAt: time(row.changed_at),
});

/** A watcher says every minute how it goes (refreshMs of src/activities/directory/watch-directory.ts): three times nothing is silence. */
const SILENT_AFTER_MS = 180_000;

function changesAnswer(row: IntegrationView, { nextRuns, now }: Pick<DirectoryCompany, 'nextRuns' | 'now'>): Directory['changes'] {
  const { change_tracking: tracking, watch_error: error, watched_at: watchedAt } = row;
  const [nextReconcile] = nextRuns;
  return {
    method: tracking?.method ?? null,
    reason: tracking?.reason ?? '',
    deletionsVisible: tracking?.deletionsVisible ?? null,
    pollSeconds: row.settings.pollSeconds ?? DEFAULT_POLL_SECONDS,
    state: watchState(row, now),
    watchedAt: optionalTime(watchedAt),
    error: error === null ? null : { ...error, next: withName(error.next, row.name) },
    nextReconcileAt: nextReconcile === undefined ? null : time(nextReconcile),
    reconcile: row.reconcile_reason === null || row.reconcile_at === null ? null : { ...row.reconcile_reason, notBefore: time(row.reconcile_at) },
  };
}

function watchState(row: IntegrationView, now: Date): Directory['changes']['state'] {
  if (row.state === 'paused' || !row.has_credential || row.change_tracking?.method === 'none') return 'off';
  if (row.watched_at === null) return 'not-yet';
  // What it said last holds also when it ended with it.
  if (row.watch_error !== null) return 'waiting';
  if (now.getTime() - row.watched_at.getTime() > SILENT_AFTER_MS) return 'silent';
  return row.change_tracking === null ? 'not-yet' : 'watching';
}

const parkedAnswer = ({ name }: IntegrationView, { since, error }: Parking): NonNullable<Directory['parked']> => ({
  since: time(since),
  reason: error.message,
  next: withName(error.next, name),
});

/** A site does not know what its directory is called: its advice says NAME. */
const withName = (advice: string, name: string): string => advice.replaceAll(/\bNAME\b/g, name);

export const directoryProblemAnswer = (row: ProblemRow): DirectoryProblem => ({
  id: row.id,
  code: row.code,
  subject: row.subject,
  detail: row.detail,
  guid: row.guid,
  firstSeenAt: time(row.first_seen_at),
  lastSeenAt: time(row.last_seen_at),
});

/** The types of the schemas know no readonly; the serialiser changes nothing. */
// A branded id is text, though it extends object too.
type Mutable<T> = T extends string ? T : T extends readonly (infer Item)[] ? Mutable<Item>[] : T extends object ? { -readonly [Key in keyof T]: Mutable<T[Key]> } : T;
export const mutable = <T>(value: T): Mutable<T> => value as Mutable<T>;
