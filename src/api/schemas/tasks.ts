import { Type } from 'typebox';
import { type SkipReason, skipReasons } from '../../archive/group-mailboxes.ts';
import { type WellKnownFolder, wellKnownFolders } from '../../shared/mailbox.ts';
import { MAX_ADDRESSES, MAX_RULES } from '../../shared/tasks.ts';
import { Bigint, nullable, Slug, Timestamp, Uuid } from './common.ts';
import { Schedule, StartedRun } from './directories.ts';
import { Reference } from './lists.ts';

const Description = Type.Optional(Type.String({ maxLength: 500 }));
const JitterSeconds = Type.Integer({ minimum: 0, maximum: 3600 });
/** Of what tasks share. */
const named = {
  id: Uuid,
  name: Slug,
  description: Type.String(),
  tasks: Type.Array(Slug, { description: 'Names of the tasks that use it' }),
  createdAt: Timestamp,
  changedAt: Timestamp,
};

const ItemRule = Type.Object(
  {
    action: Type.Union([Type.Literal('include'), Type.Literal('exclude')]),
    wellKnown: Type.Optional(Type.Unsafe<WellKnownFolder>({ type: 'string', enum: [...wellKnownFolders], description: 'With its subfolders' })),
    path: Type.Optional(
      Type.String({ minLength: 1, maxLength: 1000, description: 'Names of folders from the top: Projects/Old*. * is any text in a name, ** any number of folders' }),
    ),
    itemClass: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: 'With those below it: IPM.Note is IPM.Note.SMIME too' })),
    olderThanDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 36_500 })),
    largerThanBytes: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
  },
  { additionalProperties: false },
);
const FolderReplicationSettings = Type.Object(
  {
    withContent: Type.Boolean({ default: true, description: 'false: metadata only' }),
    exclude: Type.Object(
      {
        inbox: Type.Boolean({ default: false }),
        sentItems: Type.Boolean({ default: false }),
        deletedItems: Type.Boolean({ default: false }),
      },
      { additionalProperties: false, default: {}, description: 'Left out with their subfolders, before any rule' },
    ),
    rules: Type.Array(ItemRule, {
      maxItems: MAX_RULES,
      default: [],
      description: 'All conditions of a rule must hold; the first rule that holds decides; what none speaks of is replicated',
    }),
  },
  { additionalProperties: false },
);
export const Feature = Type.Literal('folder-replication');

export const Definition = Type.Object({ ...named, feature: Feature, settings: FolderReplicationSettings });
export type Definition = Type.Static<typeof Definition>;
export const NewDefinition = Type.Object(
  {
    name: Slug,
    description: Description,
    feature: Type.Union([Feature], { default: 'folder-replication' }),
    settings: Type.Object(FolderReplicationSettings.properties, { additionalProperties: false, default: {} }),
  },
  { additionalProperties: false },
);
export type NewDefinition = Type.Static<typeof NewDefinition>;
/** Absent = unchanged. `settings` replaces all settings. */
export const DefinitionChange = Type.Object(
  { description: Description, settings: Type.Optional(FolderReplicationSettings) },
  { additionalProperties: false },
);
export type DefinitionChange = Type.Static<typeof DefinitionChange>;

export const TaskSchedule = Type.Object({
  ...named,
  schedule: Schedule,
  jitterSeconds: JitterSeconds,
  nextRuns: Type.Array(Timestamp),
});
export type TaskSchedule = Type.Static<typeof TaskSchedule>;
export const NewTaskSchedule = Type.Object(
  { name: Slug, description: Description, schedule: Schedule, jitterSeconds: Type.Integer({ minimum: 0, maximum: 3600, default: 60 }) },
  { additionalProperties: false },
);
export type NewTaskSchedule = Type.Static<typeof NewTaskSchedule>;
export const TaskScheduleChange = Type.Object(
  { description: Description, schedule: Type.Optional(Schedule), jitterSeconds: Type.Optional(JitterSeconds) },
  { additionalProperties: false },
);
export type TaskScheduleChange = Type.Static<typeof TaskScheduleChange>;

const Addresses = Type.Object(
  {
    kind: Type.Literal('mailboxes'),
    addresses: Type.Array(Type.String({ minLength: 3, maxLength: 320 }), { minItems: 1, maxItems: MAX_ADDRESSES }),
  },
  { additionalProperties: false },
);
export const MailboxGroup = Type.Object({
  ...named,
  source: Type.Union([
    Type.Object({ kind: Type.Literal('directory-group'), group: Bigint, groupName: nullable(Type.String()) }),
    Type.Object({ kind: Type.Literal('mailboxes'), addresses: Type.Array(Type.String()) }),
  ]),
});
export type MailboxGroup = Type.Static<typeof MailboxGroup>;
const GivenSource = Type.Union([
  Type.Object(
    { kind: Type.Literal('directory-group'), group: Type.String({ ...Reference, description: 'A group of the archive, by id, address or whole name' }) },
    { additionalProperties: false },
  ),
  Addresses,
]);
export const NewMailboxGroup = Type.Object({ name: Slug, description: Description, source: GivenSource }, { additionalProperties: false });
export type NewMailboxGroup = Type.Static<typeof NewMailboxGroup>;
export const MailboxGroupChange = Type.Object({ description: Description, source: Type.Optional(GivenSource) }, { additionalProperties: false });
export type MailboxGroupChange = Type.Static<typeof MailboxGroupChange>;

/** Whose mailboxes a group means now. */
export const ResolvedMailboxes = Type.Object({
  counts: Type.Object({ mailboxes: Type.Integer(), skipped: Type.Integer() }),
  mailboxes: Type.Array(
    Type.Object({
      address: Type.String(),
      displayName: Type.String(),
      recipientType: Type.String(),
      known: Type.Boolean({ description: 'false: no object of the archive has the address; Exchange may know it all the same' }),
    }),
  ),
  skipped: Type.Array(
    Type.Object({
      name: Type.String(),
      address: nullable(Type.String()),
      reason: Type.Unsafe<SkipReason>({
        type: 'string',
        enum: [...skipReasons],
        description:
          'pending: named as a member and not read yet. missing: gone from its directory. left-out: no person of the archive. ' +
          'online: in Exchange Online. no-mailbox: has none. no-address: a mailbox without an address',
      }),
    }),
  ),
  directories: Type.Array(
    Type.Object({ name: Slug, readAt: nullable(Timestamp), watchedAt: nullable(Timestamp) }),
    { description: 'Where the members come from, and how old what is known of them is' },
  ),
});
export type ResolvedMailboxes = Type.Static<typeof ResolvedMailboxes>;

export const Task = Type.Object({
  id: Uuid,
  name: Slug,
  description: Type.String(),
  feature: Feature,
  site: Slug,
  definition: Slug,
  schedule: nullable(Slug),
  group: Slug,
  state: Type.Union([Type.Literal('active'), Type.Literal('paused')]),
  skippedTicks: Type.Integer(),
  nextRuns: Type.Array(Timestamp),
  mailboxes: Type.Object({
    pending: Type.Integer(),
    healthy: Type.Integer(),
    duplicate: Type.Integer(),
    skipped: Type.Integer(),
    attention: Type.Integer(),
  }),
  createdAt: Timestamp,
  changedAt: Timestamp,
});
export type Task = Type.Static<typeof Task>;
export const NewTask = Type.Object(
  {
    name: Slug,
    description: Description,
    site: Slug,
    definition: Slug,
    schedule: Type.Optional(nullable(Slug)),
    group: Slug,
  },
  { additionalProperties: false },
);
export type NewTask = Type.Static<typeof NewTask>;
/** Absent = unchanged; `schedule: null`: only when somebody asks. */
export const TaskChange = Type.Object(
  {
    description: Description,
    site: Type.Optional(Slug),
    definition: Type.Optional(Slug),
    schedule: Type.Optional(nullable(Slug)),
    group: Type.Optional(Slug),
  },
  { additionalProperties: false },
);
export type TaskChange = Type.Static<typeof TaskChange>;

/** What a task would work on, and the test of its connection that was asked for. */
export const StartedTaskTest = Type.Object({
  connection: Slug,
  mailbox: nullable(Type.String({ description: 'Address whose mailbox is opened: the first of the group. Null: the group has none' })),
  cannot: Type.Array(Type.String(), { description: 'What the definition asks for and the connection cannot do, in sentences' }),
  group: Type.Pick(ResolvedMailboxes, ['counts', 'skipped', 'directories']),
  run: StartedRun,
});
export type StartedTaskTest = Type.Static<typeof StartedTaskTest>;

export const ResyncRequest = Type.Object(
  {
    full: Type.Optional(Type.Boolean({ description: 'Everything from the beginning. Default: what changed' })),
    task: Type.Optional(Slug),
    mailbox: Type.Optional(Type.String({ minLength: 3, maxLength: 320, description: 'Address. Neither a task nor a mailbox: the whole organisation' })),
    folder: Type.Optional(Bigint),
  },
  { additionalProperties: false },
);
export type ResyncRequest = Type.Static<typeof ResyncRequest>;
