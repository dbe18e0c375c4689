/** Definitions, schedules and mailbox groups: what tasks share. */
import type { FastifyInstance } from 'fastify';
import { withOrganisation } from '../../archive/database.ts';
import { definitions } from '../../archive/definitions.ts';
import { resolveMailboxes } from '../../archive/group-mailboxes.ts';
import { directoryGroupNames, mailboxGroups, sourceOf } from '../../archive/mailbox-groups.ts';
import { taskSchedules } from '../../archive/task-schedules.ts';
import { tasksOnSchedule } from '../../archive/tasks.ts';
import { organisationOf } from '../access.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { namedRecordRoutes } from '../named-records.ts';
import { NamedPath } from '../schemas/lists.ts';
import { answer, problems } from '../schemas/responses.ts';
import {
  Definition,
  DefinitionChange,
  MailboxGroup,
  MailboxGroupChange,
  NewDefinition,
  NewMailboxGroup,
  NewTaskSchedule,
  ResolvedMailboxes,
  TaskSchedule,
  TaskScheduleChange,
} from '../schemas/tasks.ts';
import { definitionAnswer, mailboxGroupAnswer, resolvedAnswer, taskScheduleAnswer } from '../task-answers.ts';

/** How many of the next ticks of a schedule are shown. */
const NEXT_RUNS = 3;
const REMOVAL = 'Refused while tasks use it; the answer names them.';

export async function taskPartRoutes(app: FastifyInstance, { database, engine, engineCalls, now }: RouteDependencies): Promise<void> {
  namedRecordRoutes(app, database, {
    path: '/definitions',
    one: 'Definition',
    many: 'Definitions',
    words: { one: 'a definition', many: 'definitions' },
    schemas: { answer: Definition, create: NewDefinition, change: DefinitionChange },
    descriptions: { change: 'What is absent stays as it is; `settings` replaces all settings. The next run of each task takes it up.', remove: REMOVAL },
    ...definitions,
    create: (organisation, input) => withOrganisation(database, organisation, (tx) => definitions.create(tx, organisation, input)),
    change: (organisation, name, change) => withOrganisation(database, organisation, (tx) => definitions.change(tx, name, change)),
    remove: (organisation, name) => withOrganisation(database, organisation, (tx) => definitions.remove(tx, name)),
    answers: (_organisation, rows) => Promise.resolve(rows.map(definitionAnswer)),
  });

  namedRecordRoutes(app, database, {
    path: '/schedules',
    one: 'Schedule',
    many: 'Schedules',
    words: { one: 'a schedule', many: 'schedules of tasks' },
    schemas: { answer: TaskSchedule, create: NewTaskSchedule, change: TaskScheduleChange },
    descriptions: { change: 'What is absent stays as it is.', remove: REMOVAL },
    ...taskSchedules,
    create: (organisation, { jitterSeconds, ...input }) =>
      withOrganisation(database, organisation, (tx) => taskSchedules.create(tx, organisation, { ...input, jitter_seconds: jitterSeconds })),
    async change(organisation, name, { jitterSeconds, ...change }) {
      const { schedule, users } = await withOrganisation(database, organisation, async (tx) => {
        const changed = await taskSchedules.change(tx, name, { ...change, jitter_seconds: jitterSeconds });
        return { schedule: changed, users: await tasksOnSchedule(tx, changed.id) };
      });
      await engineCalls.reconcileTasks(organisation, users);
      return schedule;
    },
    remove: (organisation, name) => withOrganisation(database, organisation, (tx) => taskSchedules.remove(tx, name)),
    answers: (_organisation, rows) => Promise.resolve(rows.map((row) => taskScheduleAnswer(row, engine.nextRuns(row.schedule, now(), NEXT_RUNS)))),
  });

  namedRecordRoutes(app, database, {
    path: '/mailbox-groups',
    one: 'MailboxGroup',
    many: 'MailboxGroups',
    words: { one: 'a mailbox group', many: 'mailbox groups' },
    schemas: { answer: MailboxGroup, create: NewMailboxGroup, change: MailboxGroupChange },
    descriptions: {
      create: 'A group of the directory stays the same one when it is renamed; who is in it is found at each run.',
      change: 'What is absent stays as it is; `source` replaces the whole source.',
      remove: REMOVAL,
    },
    ...mailboxGroups,
    create: (organisation, input) =>
      withOrganisation(database, organisation, async (tx) => mailboxGroups.create(tx, organisation, { ...input, source: await sourceOf(tx, input.source) })),
    change: (organisation, name, { source, ...change }) =>
      withOrganisation(database, organisation, async (tx) =>
        mailboxGroups.change(tx, name, { ...change, source: source === undefined ? undefined : await sourceOf(tx, source) }),
      ),
    remove: (organisation, name) => withOrganisation(database, organisation, (tx) => mailboxGroups.remove(tx, name)),
    answers: async (organisation, rows) => {
      const names = await withOrganisation(database, organisation, (tx) => directoryGroupNames(tx, rows));
      return rows.map((row) => mailboxGroupAnswer(row, names));
    },
  });

  app.get<{ Params: { name: string } }>(
    '/mailbox-groups/:name/mailboxes',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'resolveMailboxGroup',
        summary: 'Show whose mailboxes a mailbox group means now',
        description: 'As a run that began now would take it, with those who are left out and why, and how old the directories are that say so.',
        tags: ['mailbox-groups'],
        params: NamedPath,
        response: { 200: answer(ResolvedMailboxes, 'All of them, by address'), ...problems(400, 404, 409) },
      },
    },
    (request) =>
      withOrganisation(database, organisationOf(request), async (tx) =>
        resolvedAnswer(await resolveMailboxes(tx, (await mailboxGroups.find(tx, request.params.name)).source)),
      ),
  );
}
