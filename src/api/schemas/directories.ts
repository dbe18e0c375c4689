import { Type } from 'typebox';
import { Bigint, nullable, Slug, Timestamp, Uuid } from './common.ts';

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
  integration: Slug,
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
export const Run = Type.Intersect([RunSummary, Type.Object({ report: nullable(Type.Array(TestStep)) })]);
export type Run = Type.Static<typeof Run>;

export const PlanEntry = Type.Object({
  action: Type.String(),
  guid: Uuid,
  subject: Type.String(),
  changes: Type.Array(Type.Object({ attribute: Type.String(), before: Type.Array(Type.String()), after: Type.Array(Type.String()) })),
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
