import { Type } from 'typebox';
import { AttributeChange, Bigint, nullable, Slug, Timestamp, Uuid } from './common.ts';

const LocalTime = Type.String({ pattern: '^(?:[01][0-9]|2[0-3]):[0-5][0-9]$', description: 'HH:MM, local' });
const TimeZone = Type.String({ minLength: 1, maxLength: 64, description: 'IANA name: Europe/Berlin' });
const Weekday = Type.Union([
  Type.Literal('monday'),
  Type.Literal('tuesday'),
  Type.Literal('wednesday'),
  Type.Literal('thursday'),
  Type.Literal('friday'),
  Type.Literal('saturday'),
  Type.Literal('sunday'),
]);
export const Schedule = Type.Union([
  Type.Object({ kind: Type.Literal('once'), at: Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$' }), timeZone: TimeZone }),
  Type.Object({ kind: Type.Literal('daily'), at: LocalTime, timeZone: TimeZone }),
  Type.Object({
    kind: Type.Literal('interval'),
    start: LocalTime,
    end: LocalTime,
    everyMinutes: Type.Integer({ minimum: 5, maximum: 1440 }),
    timeZone: TimeZone,
  }),
  Type.Object({ kind: Type.Literal('weekly'), days: Type.Array(Weekday, { minItems: 1, maxItems: 7 }), at: LocalTime, timeZone: TimeZone }),
]);

const Dn = Type.String({ minLength: 3, maxLength: 2000 });
const RemovalLimit = Type.Optional(
  Type.Object(
    {
      number: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000_000, description: 'objects; 0 holds every one' })),
      percent: Type.Optional(Type.Number({ minimum: 0, maximum: 100, description: 'of the objects of that kind; counts from ten on' })),
    },
    { additionalProperties: false },
  ),
);
const Removal = Type.Object(
  {
    people: Type.Optional(
      Type.Union([
        Type.Literal('keep'),
        Type.Literal('disable'),
        Type.Object({ deleteAfterDays: Type.Integer({ minimum: 1, maximum: 3650 }) }, { additionalProperties: false }),
      ]),
    ),
    limits: Type.Optional(
      Type.Object({ deletion: RemovalLimit, disable: RemovalLimit, 'group-removal': RemovalLimit }, { additionalProperties: false }),
    ),
  },
  {
    additionalProperties: false,
    description:
      'What becomes of people who disappear (default keep), and how many of a kind may go by one run before all of that kind are held ' +
      'for an administrator (default 500 and 5 %).',
  },
);
export const Settings = Type.Object(
  {
    host: Type.Optional(Type.String({ minLength: 1, maxLength: 253 })),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535 })),
    security: Type.Union([Type.Literal('ldaps'), Type.Literal('starttls'), Type.Literal('plain')], { default: 'ldaps' }),
    caPem: Type.Optional(Type.String({ maxLength: 100_000 })),
    account: Type.String({ minLength: 1, maxLength: 500 }),
    baseDn: Type.Optional(Dn),
    searchBases: Type.Optional(Type.Array(Dn, { maxItems: 100 })),
    filter: Type.Optional(Type.String({ maxLength: 10_000 })),
    mailDomains: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 253 }), { maxItems: 1000 })),
    acknowledgeDisabled: Type.Boolean({ default: true }),
    extraAttributes: Type.Optional(Type.Array(Type.String({ pattern: '^[A-Za-z][A-Za-z0-9-]{0,63}$' }), { maxItems: 100 })),
    removal: Type.Optional(Removal),
    pollSeconds: Type.Optional(Type.Integer({ minimum: 5, maximum: 3600, description: 'How often changes are asked for; default 30' })),
  },
  { additionalProperties: false },
);

/** Which object to synchronise. */
export const ObjectQuery = Type.Object(
  {
    by: Type.Union([Type.Literal('guid'), Type.Literal('dn'), Type.Literal('address')]),
    value: Type.String({ minLength: 3, maxLength: 2000, description: 'objectGUID in its canonical form, distinguished name, or e-mail address' }),
  },
  { additionalProperties: false },
);
export type ObjectQuery = Type.Static<typeof ObjectQuery>;

export const RunSummary = Type.Object({
  id: Uuid,
  number: Bigint,
  kind: Type.String(),
  trigger: Type.String(),
  state: Type.String(),
  /** Of which directory, task or connection it is: one of the three. */
  integration: nullable(Slug),
  task: nullable(Slug),
  connection: nullable(Slug),
  workflowId: Type.String(),
  requestedAt: Timestamp,
  startedAt: nullable(Timestamp),
  progressAt: nullable(Timestamp),
  finishedAt: nullable(Timestamp),
  /** While open: what it waits for, in a sentence ("site berlin is offline since …"); null when it does not wait. */
  waiting: nullable(Type.String()),
  totals: Type.Record(Type.String(), Type.Integer()),
  /** Of a reconcile: why changes alone would not do. */
  reason: nullable(Type.Object({ code: Type.String(), detail: Type.String() })),
  /** Of a run for one object. */
  object: nullable(ObjectQuery),
  error: nullable(Type.Object({ class: Type.String(), code: Type.String(), message: Type.String(), next: Type.String() })),
});
export type RunSummary = Type.Static<typeof RunSummary>;

/** `joined`: a run of this kind was open already, and is the one that is meant. */
export const StartedRun = Type.Intersect([RunSummary, Type.Object({ joined: Type.Boolean() })]);
export type StartedRun = Type.Static<typeof StartedRun>;

export const TestStep = Type.Object({
  step: Type.String(),
  outcome: Type.String(),
  detail: Type.String(),
  code: Type.Optional(Type.String()),
  next: Type.Optional(Type.String()),
  durationMs: Type.Number(),
});
const Held = {
  kind: Type.String({
    description:
      '`deletion`: people who would be missing. `disable`: accounts that would be disabled. `group-removal`: groups that would disappear. ' +
      '`reading`: everything, because what the directory said is doubtful; `error` of the run says why.',
  }),
  /** How many; 0 for a reading. */
  objects: Type.Integer(),
  /** In a sentence. */
  reason: Type.String(),
  heldAt: Timestamp,
};
/** What a run held back for an administrator, and what became of it. */
export const HeldSet = Type.Object({
  ...Held,
  state: Type.String({ description: '`open`, `approved`, `rejected`, or `replaced`: a later synchronisation decided anew' }),
  resolvedAt: nullable(Timestamp),
  /** Label of the token with which it was decided. */
  resolvedBy: nullable(Type.String()),
  /** Of how many objects it was still true then. */
  resolvedObjects: nullable(Type.Integer()),
});
export type HeldSet = Type.Static<typeof HeldSet>;
/** What waits for a decision in a directory. */
const OpenSet = Type.Object({ ...Held, run: Uuid, runNumber: Bigint });

export const HeldObject = Type.Object({
  kind: Type.String(),
  guid: Uuid,
  /** user, contact, group … */
  object: Type.String(),
  /** Null for groups. */
  person: nullable(Bigint),
  subject: Type.String(),
  dn: Type.String(),
  why: Type.Union([Type.Literal('gone'), Type.Literal('out-of-scope'), Type.Literal('disabled')], {
    description: '`gone`: no longer in the directory. `out-of-scope`: no longer within search bases, filter and mail domains, or without an address. `disabled`: the account.',
  }),
  /** False: it came back meanwhile, or was decided on. */
  pending: Type.Boolean(),
});
export type HeldObject = Type.Static<typeof HeldObject>;

/** By action; actions without an entry are absent. */
const PlanCounts = Type.Record(Type.String(), Type.Object({ people: Type.Integer(), groups: Type.Integer() }));
export const Run = Type.Intersect([
  RunSummary,
  Type.Object({
    report: nullable(Type.Array(TestStep)),
    held: Type.Array(HeldSet),
    /** Of a plan. */
    plan: nullable(
      Type.Object({
        /** Settings that are not saved, with which it was made; null: those of the directory. */
        settings: nullable(Settings),
        fromStored: Type.Boolean({ description: 'Made from what is stored, without asking the directory' }),
        counts: nullable(PlanCounts),
        forgottenAt: nullable(Timestamp),
      }),
    ),
  }),
]);
export type Run = Type.Static<typeof Run>;

/** What to plan; nothing: a synchronisation as things are. */
export const PlanRequest = Type.Object(
  {
    settings: Type.Optional(Settings),
    fromStored: Type.Optional(Type.Boolean({ description: 'From what is stored, without asking the directory' })),
  },
  { additionalProperties: false },
);
export type PlanRequest = Type.Static<typeof PlanRequest>;

export const PlanEntry = Type.Object({
  action: Type.String(),
  /** Of the object: user, contact, public-folder, group, dynamic-group. */
  kind: Type.String(),
  /** Name of the directory whose object it is. */
  directory: Slug,
  guid: Uuid,
  subject: Type.String(),
  /** A sentence, where the action does not say it alone: who holds the address, with whom it is one person, what it waits for. */
  detail: nullable(Type.String()),
  changes: Type.Array(AttributeChange),
});
export type PlanEntry = Type.Static<typeof PlanEntry>;

const Findings = Type.Object({
  /** Of the forest, as the directory's controller knows them. */
  domains: Type.Array(
    Type.Object({
      dn: Type.String(),
      dnsName: Type.String(),
      netbiosName: nullable(Type.String()),
      parentDn: nullable(Type.String()),
      own: Type.Boolean(),
      readBy: Type.Array(Slug, { description: "The organisation's directories that read it" }),
      suggestedName: nullable(Slug),
    }),
  ),
  /** LDAP URLs to which the server referred. They are noted and never followed. */
  references: Type.Array(Type.String()),
});

const Changes = Type.Object({
  /** Null before the first full reading, which finds it out. */
  method: nullable(Type.Union([Type.Literal('dirsync'), Type.Literal('usn'), Type.Literal('none')])),
  /** Why it is no better one. */
  reason: Type.String(),
  /** False: a deletion is noticed by the next full reading only. */
  deletionsVisible: nullable(Type.Boolean()),
  pollSeconds: Type.Integer(),
  /**
   * `watching`; `waiting`: see `error`; `silent`: the watcher has said nothing for minutes, its site may be offline; `not-yet`: it has not begun,
   * or there was no full reading yet; `off`: the directory is paused, has no password, or its changes cannot be told.
   */
  state: Type.Union([Type.Literal('watching'), Type.Literal('waiting'), Type.Literal('silent'), Type.Literal('not-yet'), Type.Literal('off')]),
  /** When the watcher last said how it goes, which it does every minute. */
  watchedAt: nullable(Timestamp),
  error: nullable(Type.Object({ class: Type.String(), code: Type.String(), message: Type.String(), next: Type.String() })),
  /** The next full reading by schedule. */
  nextReconcileAt: nullable(Timestamp),
  /** A full reading that changes need, and that starts then: the one before was asked for by the same reason. */
  reconcile: nullable(Type.Object({ code: Type.String(), detail: Type.String(), notBefore: Timestamp })),
});

export const Directory = Type.Object({
  id: Uuid,
  name: Slug,
  description: Type.String(),
  site: Slug,
  settings: Settings,
  credential: Type.Object({ set: Type.Boolean(), changedAt: nullable(Timestamp) }),
  schedule: nullable(Schedule),
  jitterSeconds: Type.Integer(),
  state: Type.Union([Type.Literal('active'), Type.Literal('paused')]),
  skippedTicks: Type.Integer(),
  /** Ticks wait until somebody acts, because the domain refused the sign-in: since when, why, and what ends it. */
  parked: nullable(Type.Object({ since: Timestamp, reason: Type.String(), next: Type.String() })),
  nextRuns: Type.Array(Timestamp),
  changes: Changes,
  /** What the last reading or test saw beside the objects; null before the first. */
  findings: nullable(Findings),
  openProblems: Type.Integer(),
  /** What waits for an administrator: nothing of these kinds happens until then. */
  held: Type.Array(OpenSet),
  counts: Type.Object({ people: Type.Integer(), groups: Type.Integer(), missing: Type.Integer() }),
  lastRun: nullable(RunSummary),
  /** What is allowed but should not stay: a plain connection. */
  warnings: Type.Array(Type.String()),
  createdAt: Timestamp,
  changedAt: Timestamp,
});
export type Directory = Type.Static<typeof Directory>;

/** What differs from the directory that another one is added from; without the defaults of new settings. */
const Overrides = Type.Object(
  {
    ...Type.Partial(Settings).properties,
    security: Type.Optional(Type.Union([Type.Literal('ldaps'), Type.Literal('starttls'), Type.Literal('plain')])),
    acknowledgeDisabled: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

/** With `from` site, settings and schedule are those of that directory; without, `site` and `settings` must be given. */
export const NewDirectory = Type.Object(
  {
    name: Slug,
    description: Type.Optional(Type.String({ maxLength: 500 })),
    site: Type.Optional(Slug),
    settings: Type.Optional(Settings),
    from: Type.Optional(Slug),
    domain: Type.Optional(
      Type.String({ minLength: 1, maxLength: 2000, description: 'With from: which domain of its forest, by DNS name, NetBIOS name or naming context; default: the one that `name` names' }),
    ),
    overrides: Type.Optional(Overrides),
    password: Type.String({ minLength: 1, maxLength: 1000 }),
    /** Absent: a full reading once a day. Null: none, changes only. */
    schedule: Type.Optional(nullable(Schedule)),
    jitterSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 3600 })),
  },
  { additionalProperties: false },
);
export type NewDirectory = Type.Static<typeof NewDirectory>;

/** Absent = unchanged. `settings` replaces all settings. */
export const DirectoryChange = Type.Object(
  {
    description: Type.Optional(Type.String({ maxLength: 500 })),
    settings: Type.Optional(Settings),
    password: Type.Optional(Type.String({ minLength: 1, maxLength: 1000 })),
    schedule: Type.Optional(nullable(Schedule)),
    jitterSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 3600 })),
  },
  { additionalProperties: false },
);
export type DirectoryChange = Type.Static<typeof DirectoryChange>;

export const DirectoryProblem = Type.Object({
  id: Bigint,
  code: Type.String(),
  subject: Type.String(),
  detail: Type.String(),
  guid: nullable(Uuid),
  firstSeenAt: Timestamp,
  lastSeenAt: Timestamp,
});
export type DirectoryProblem = Type.Static<typeof DirectoryProblem>;
