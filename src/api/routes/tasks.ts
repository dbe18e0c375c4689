import type { FastifyInstance } from 'fastify';
import { type OrganisationTransaction, withOrganisation } from '../../archive/database.ts';
import { refuseWhileRunning, requestTaskRun } from '../../archive/task-runs.ts';
import { requestTaskTest } from '../../archive/task-test.ts';
import { changeTask, createTask, findTask, listTasks, removeTask, type TaskView } from '../../archive/tasks.ts';
import type { OrganisationId } from '../../shared/ids.ts';
import { organisationOf } from '../access.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { namedRecordRoutes } from '../named-records.ts';
import { StartedRun } from '../schemas/directories.ts';
import { NamedPath } from '../schemas/lists.ts';
import { answer, problems } from '../schemas/responses.ts';
import { NewTask, StartedTaskTest, Task, TaskChange } from '../schemas/tasks.ts';
import { taskAnswer, taskTestAnswer } from '../task-answers.ts';
import { startRun } from '../start-run.ts';

/** How many of the next ticks of its schedule are shown. */
const NEXT_RUNS = 3;

export async function taskRoutes(app: FastifyInstance, { database, engine, engineCalls, now }: RouteDependencies): Promise<void> {
  const shown = async (organisation: OrganisationId, row: TaskView): Promise<Task> => {
    const skippedByTemporal = row.schedule === null ? 0 : await engineCalls.skippedTaskTicks(organisation, row.id);
    return taskAnswer(
      { ...row, skipped_ticks: row.skipped_ticks + skippedByTemporal },
      row.schedule === null || row.state === 'paused' ? [] : engine.nextRuns(row.schedule, now(), NEXT_RUNS),
    );
  };
  /** Stores a change and brings the schedule in line with it. */
  const saved = async (organisation: OrganisationId, save: (tx: OrganisationTransaction) => Promise<TaskView>): Promise<TaskView> => {
    const task = await withOrganisation(database, organisation, save);
    await engineCalls.reconcileTasks(organisation, [task.id]);
    return task;
  };

  namedRecordRoutes(app, database, {
    path: '/tasks',
    one: 'Task',
    many: 'Tasks',
    words: { one: 'a task', many: 'tasks' },
    schemas: { answer: Task, create: NewTask, change: TaskChange },
    descriptions: {
      create: 'Of a site, a definition, a mailbox group and, unless it runs only when somebody asks, a schedule: each by name.',
      change: 'What is absent stays as it is; `"schedule": null` takes the schedule away. A run that is open ends as it began.',
      remove: 'With its runs, and refused while one is open. Mailboxes and what was read of them stay, for another task to go on with.',
    },
    list: listTasks,
    find: findTask,
    create: (organisation, input) => saved(organisation, (tx) => createTask(tx, organisation, input)),
    change: (organisation, name, change) => saved(organisation, (tx) => changeTask(tx, name, change)),
    async remove(organisation, name) {
      const task = await withOrganisation(database, organisation, async (tx) => {
        const found = await findTask(tx, name);
        await refuseWhileRunning(tx, found.id, name);
        return found;
      });
      await engineCalls.removeTask(organisation, task.id);
      await withOrganisation(database, organisation, (tx) => removeTask(tx, name));
    },
    answers: (organisation, rows) => Promise.all(rows.map((row) => shown(organisation, row))),
  });

  for (const [verb, state] of [
    ['pause', 'paused'],
    ['resume', 'active'],
  ] as const) {
    app.post<{ Params: { name: string } }>(
      `/tasks/:name/${verb}`,
      {
        config: { access: 'operate' },
        schema: {
          operationId: `${verb}Task`,
          summary: verb === 'pause' ? 'Pause the schedule of a task' : 'Resume the schedule of a task',
          description: 'Runs can be asked for in either state. Repeating it changes nothing.',
          tags: ['tasks'],
          params: NamedPath,
          response: { 200: answer(Task, 'As it is now'), ...problems(400, 404) },
        },
      },
      async (request) =>
        shown(organisationOf(request), await saved(organisationOf(request), (tx) => changeTask(tx, request.params.name, { state }))),
    );
  }

  app.post<{ Params: { name: string } }>(
    '/tasks/:name/run',
    {
      config: { access: 'operate' },
      schema: {
        operationId: 'runTask',
        summary: 'Run a task now',
        description:
          'Reads what is new in all mailboxes of its group. While such a run is open, asking again answers that run (`joined`). The answer comes ' +
          'at once and the request is durable: when the site or the Temporal server is away, the run waits, and `waiting` says for what.',
        tags: ['tasks'],
        params: NamedPath,
        response: { 202: answer(StartedRun, 'The run that was asked for, or the open one'), ...problems(400, 404) },
      },
    },
    async (request, reply) => {
      const organisation = organisationOf(request);
      const requested = await withOrganisation(database, organisation, async (tx) =>
        requestTaskRun(tx, { task: (await findTask(tx, request.params.name)).id, trigger: 'manual' }),
      );
      return reply.code(202).send(await startRun({ database, engineCalls }, organisation, requested));
    },
  );

  app.post<{ Params: { name: string } }>(
    '/tasks/:name/test',
    {
      config: { access: 'operate' },
      schema: {
        operationId: 'testTask',
        summary: 'Test a task before anybody relies on it',
        description:
          'Says at once whose mailboxes its group means and who is left out, and what its definition asks for and the connection cannot do; and ' +
          'tests the connection with the first of these mailboxes. The steps are in `report` of the run. Nothing is changed.',
        tags: ['tasks'],
        params: NamedPath,
        response: { 202: answer(StartedTaskTest, 'What is known, and the run of the test'), ...problems(400, 404, 409) },
      },
    },
    async (request, reply) => {
      const organisation = organisationOf(request);
      const test = await withOrganisation(database, organisation, (tx) => requestTaskTest(tx, request.params.name));
      return reply.code(202).send(taskTestAnswer(test, await startRun({ database, engineCalls }, organisation, test.requested)));
    },
  );
}
