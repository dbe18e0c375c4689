import type { FastifyInstance } from 'fastify';
import { withOrganisation } from '../../archive/database.ts';
import { changeTask, createTask, findTask, listTasks, removeTask, type TaskView } from '../../archive/tasks.ts';
import { organisationOf } from '../access.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { namedRecordRoutes } from '../named-records.ts';
import { NamedPath } from '../schemas/lists.ts';
import { answer, problems } from '../schemas/responses.ts';
import { NewTask, Task, TaskChange } from '../schemas/tasks.ts';
import { taskAnswer } from '../task-answers.ts';

/** How many of the next ticks of its schedule are shown. */
const NEXT_RUNS = 3;

export async function taskRoutes(app: FastifyInstance, { database, engine, now }: RouteDependencies): Promise<void> {
  const shown = (row: TaskView): Task =>
    taskAnswer(row, row.schedule === null || row.state === 'paused' ? [] : engine.nextRuns(row.schedule, now(), NEXT_RUNS));

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
    create: (organisation, input) => withOrganisation(database, organisation, (tx) => createTask(tx, organisation, input)),
    change: (organisation, name, change) => withOrganisation(database, organisation, (tx) => changeTask(tx, name, change)),
    remove: (organisation, name) => withOrganisation(database, organisation, (tx) => removeTask(tx, name)),
    answers: (_organisation, rows) => Promise.resolve(rows.map(shown)),
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
        shown(await withOrganisation(database, organisationOf(request), (tx) => changeTask(tx, request.params.name, { state }))),
    );
  }
}
