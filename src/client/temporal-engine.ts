import {
  type Client,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type ScheduleOptions,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import { type Database, withOrganisation } from '../archive/database.ts';
import { type EngineSchedule, type EngineTask, type EngineTicks, findEngineRun, findEngineSchedule, findEngineTask } from '../archive/engine-rows.ts';
import type { DirectoryChangesInput, DirectoryRunInput } from '../shared/directory-run.ts';
import type { IntegrationId, OrganisationId, RunId, TaskId } from '../shared/ids.ts';
import { PLATFORM_QUEUE, scheduledWorkflowId, scheduleId, watchWorkflowId } from '../shared/names.ts';
import type { RunKind } from '../shared/runs.ts';
import { searchAttributes } from '../shared/search-attributes.ts';
import type { ConnectionTestInput, TaskRunInput } from '../shared/task-run.ts';
import type { Engine } from './engine.ts';
import { nextOccurrences } from './occurrences.ts';
import { scheduleSpec } from './schedule-spec.ts';

/** Workflow types by run kind: names of the functions that src/workflows exports. */
const workflowTypes: Record<RunKind, string> = {
  'directory-sync': 'directorySync',
  'directory-plan': 'directoryPlan',
  'directory-test': 'directoryTest',
  'directory-object': 'directoryObject',
  'exchange-task': 'exchangeTask',
  'connection-test': 'connectionTest',
};

/**
 * A tick that could not start within this time is dropped: the next full reading brings the same result, and an outage of
 * a day must not end in a queue of them.
 */
const catchupWindow = '10 minutes';

const attributes = (feature: string, about: { readonly organisation: string; readonly site: string; readonly subject: string }) =>
  new TypedSearchAttributes([
    { key: defineSearchAttributeKey(searchAttributes.organisation, 'KEYWORD'), value: about.organisation },
    { key: defineSearchAttributeKey(searchAttributes.site, 'KEYWORD'), value: about.site },
    { key: defineSearchAttributeKey(searchAttributes.feature, 'KEYWORD'), value: feature },
    { key: defineSearchAttributeKey(searchAttributes.task, 'KEYWORD'), value: about.subject },
    { key: defineSearchAttributeKey(searchAttributes.state, 'KEYWORD'), value: 'queued' },
  ]);

/** The engine on a real Temporal client. Every call reads the row first and may be repeated. */
export class TemporalEngine implements Engine {
  readonly #client: Client;
  readonly #database: Database;

  constructor(client: Client, database: Database) {
    this.#client = client;
    this.#database = database;
  }

  async startRun(organisation: OrganisationId, run: RunId): Promise<void> {
    const row = await withOrganisation(this.#database, organisation, (tx) => findEngineRun(tx, run));
    const input = { trigger: 'manual', runId: run } satisfies DirectoryRunInput & TaskRunInput & ConnectionTestInput;
    await this.#client.workflow.start(workflowTypes[row.kind], {
      workflowId: row.workflowId,
      taskQueue: PLATFORM_QUEUE,
      args: [input],
      // Two servers, a retry of the API and the sweeper may all start it: one of them does.
      workflowIdConflictPolicy: 'USE_EXISTING',
      typedSearchAttributes: attributes(row.kind, row),
      staticSummary: `${row.kind} · ${row.organisation} · ${row.subject}`,
      ...(row.urgent ? { priority: { priorityKey: 1 } } : {}),
    });
  }

  async cancelRun(organisation: OrganisationId, run: RunId): Promise<void> {
    const row = await withOrganisation(this.#database, organisation, (tx) => findEngineRun(tx, run));
    try {
      await this.#client.workflow.getHandle(row.workflowId).cancel();
    } catch (error) {
      // Already ended, or never started: the sweeper writes the end into the row.
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }

  async reconcileSchedule(organisation: OrganisationId, integration: IntegrationId): Promise<void> {
    const row = await withOrganisation(this.#database, organisation, (tx) => findEngineSchedule(tx, integration));
    if (row === undefined) return;
    await this.applyTicks(directoryTicks(row), new Date());
    // Whatever changed, the watcher begins again with it.
    await this.applyWatch(row, { changed: true });
  }

  /** Starts the watcher of a directory, or ends it. `changed`: it begins again with what the row says. */
  async applyWatch(row: EngineSchedule, { changed }: { readonly changed: boolean }): Promise<void> {
    const workflowId = watchWorkflowId(row.organisation, row.subject);
    if (!row.watched) {
      try {
        await this.#client.workflow.getHandle(workflowId).cancel();
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
      return;
    }
    const input: DirectoryChangesInput = { organisationId: row.organisationId, integrationId: row.id };
    const options = {
      workflowId,
      taskQueue: PLATFORM_QUEUE,
      args: [input],
      typedSearchAttributes: attributes('directory-changes', row),
      staticSummary: `directory-changes · ${row.organisation} · ${row.subject}`,
    };
    if (changed) await this.#client.workflow.signalWithStart('directoryChanges', { ...options, signal: 'directoryChanged' });
    else await this.#client.workflow.start('directoryChanges', { ...options, workflowIdConflictPolicy: 'USE_EXISTING' });
  }

  async removeSchedule(organisation: OrganisationId, integration: IntegrationId): Promise<void> {
    const row = await withOrganisation(this.#database, organisation, (tx) => findEngineSchedule(tx, integration));
    if (row === undefined) return;
    await this.applyTicks(directoryTicks({ ...row, schedule: null }), new Date());
    await this.applyWatch({ ...row, watched: false }, { changed: true });
  }

  async reconcileTask(organisation: OrganisationId, task: TaskId): Promise<void> {
    const row = await withOrganisation(this.#database, organisation, (tx) => findEngineTask(tx, task));
    if (row !== undefined) await this.applyTicks(taskTicks(row), new Date());
  }

  async removeTask(organisation: OrganisationId, task: TaskId): Promise<void> {
    const row = await withOrganisation(this.#database, organisation, (tx) => findEngineTask(tx, task));
    if (row !== undefined) await this.applyTicks(taskTicks({ ...row, schedule: null }), new Date());
  }

  /** Brings one Temporal Schedule in line with its row. */
  async applyTicks(row: Ticks, now: Date): Promise<void> {
    const { kind, organisation, subject } = row;
    const handle = this.#client.schedule.getHandle(scheduleIdOf(row));
    if (row.schedule === null) {
      try {
        await handle.delete();
      } catch (error) {
        if (!(error instanceof ScheduleNotFoundError)) throw error;
      }
      return;
    }
    const options = {
      scheduleId: scheduleIdOf(row),
      spec: scheduleSpec(row.schedule, now, row.jitterSeconds),
      action: {
        type: 'startWorkflow',
        workflowType: workflowTypes[kind],
        workflowId: scheduledWorkflowId(kind, organisation, subject),
        taskQueue: PLATFORM_QUEUE,
        args: [row.input],
        typedSearchAttributes: attributes(kind, row),
        staticSummary: `${kind} · ${organisation} · ${subject}`,
      },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow },
    } satisfies ScheduleOptions;
    try {
      await this.#client.schedule.create({ ...options, state: { paused: row.paused } });
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      await handle.update((previous) => ({
        spec: options.spec,
        action: options.action,
        policies: { ...previous.policies, ...options.policies },
        state: { ...previous.state, paused: row.paused },
      }));
    }
  }

  async skippedTicks(organisation: OrganisationId, integration: IntegrationId): Promise<number> {
    const row = await withOrganisation(this.#database, organisation, (tx) => findEngineSchedule(tx, integration));
    return row === undefined || row.schedule === null ? 0 : this.#skippedOf(directoryTicks(row));
  }

  async skippedTaskTicks(organisation: OrganisationId, task: TaskId): Promise<number> {
    const row = await withOrganisation(this.#database, organisation, (tx) => findEngineTask(tx, task));
    return row === undefined || row.schedule === null ? 0 : this.#skippedOf(taskTicks(row));
  }

  async #skippedOf(row: Ticks): Promise<number> {
    try {
      return (await this.#client.schedule.getHandle(scheduleIdOf(row)).describe()).info.numActionsSkippedOverlap;
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) return 0;
      throw error;
    }
  }

  nextRuns(...[schedule, after, count]: Parameters<Engine['nextRuns']>): Date[] {
    return nextOccurrences(schedule, after, count);
  }

  async check(): Promise<void> {
    await this.#client.connection.ensureConnected();
    await this.#client.workflowService.getSystemInfo({});
  }
}

/** A Temporal Schedule as its row says. */
interface Ticks extends EngineTicks {
  readonly kind: 'directory-sync' | 'exchange-task';
  readonly input: DirectoryRunInput | TaskRunInput;
}

export const directoryTicks = (row: EngineSchedule): Ticks => ({
  ...row, kind: 'directory-sync', input: { trigger: 'schedule', organisationId: row.organisationId, integrationId: row.id },
});

export const taskTicks = (row: EngineTask): Ticks => ({
  ...row, kind: 'exchange-task', input: { trigger: 'schedule', organisationId: row.organisationId, taskId: row.id },
});

const scheduleIdOf = ({ kind, organisation, subject }: Ticks): string => scheduleId(kind, organisation, subject);
