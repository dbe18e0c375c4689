import { Type } from 'typebox';
import type { PlacementEnd } from '../../archive/item-list.ts';
import { type LeftOutReason, leftOutReasons } from '../../archive/mailbox-rules.ts';
import type { RecipientType } from '../../shared/directory.ts';
import { type FlagState, flagStates, type Importance, importances, sensitivities, type Sensitivity, type WellKnownFolder, wellKnownFolders } from '../../shared/mailbox.ts';
import { type MailboxState, mailboxStates } from '../../shared/tasks.ts';
import { Bigint, ErrorReport, nullable, Slug, Timestamp, Uuid } from './common.ts';
import { RunSummary } from './directories.ts';
import { Feature, Task } from './tasks.ts';

export const State = Type.Unsafe<MailboxState>({
  type: 'string',
  enum: [...mailboxStates],
  description:
    'pending: not read yet. healthy. duplicate: another task does this feature of the mailbox. skipped: not read, for a reason that no retry cures. attention: somebody has to act',
});
const Path = Type.Array(Type.String(), { description: 'Names of folders from the top, as they are called now' });
const Bytes = Type.Integer({ description: 'As Exchange says that the items take' });
const Unreadable = Type.Integer({ description: 'Items that could not be read, and are tried again' });
const LagSeconds = nullable(Type.Integer({ description: 'Since the last success; null: none yet' }));
const RunReference = Type.Object({ id: Uuid, number: Type.Integer() });

const MailboxFeatureStatus = Type.Object({
  feature: Feature,
  state: nullable(State),
  error: nullable(ErrorReport),
  task: Type.String({ description: 'The task that does the feature of this mailbox, or did it last (state null: it is in the group of none any more)' }),
  duplicateIn: Type.Array(Slug, { description: 'Tasks whose groups hold the mailbox too, and that leave it to the other' }),
  firstDoneAt: nullable(Type.String({ description: 'RFC 3339, UTC: when everything was read for the first time; null: not yet' })),
  lastSuccessAt: nullable(Timestamp),
  lagSeconds: LagSeconds,
  lastRun: nullable(RunReference),
});

const identity = {
  id: Uuid,
  address: Type.String(),
  displayName: Type.String(),
  recipientType: Type.Unsafe<RecipientType>(Type.String()),
};
export const MailboxSummary = Type.Object({
  ...identity,
  features: Type.Array(MailboxFeatureStatus),
  items: Type.Integer({ description: 'As of the last completed pass' }),
  bytes: Bytes,
  unreadable: Unreadable,
});
export type MailboxSummary = Type.Static<typeof MailboxSummary>;

export const Mailbox = Type.Object({
  ...identity,
  exchangeGuid: nullable(Uuid),
  connection: nullable(Type.Object({ name: Slug, site: Slug }, { description: 'Through which it is read' })),
  features: Type.Array(MailboxFeatureStatus),
  work: Type.Array(
    Type.Object({
      run: RunReference,
      task: Slug,
      state: Type.Union([Type.Literal('listed'), Type.Literal('reading'), Type.Literal('waiting'), Type.Literal('done')], {
        description: 'listed: its turn has not come. waiting: an attempt failed with `error`, or left it for later; another follows',
      }),
      error: nullable(ErrorReport),
      pages: Type.Integer(),
      items: Type.Integer(),
    }),
    { description: 'Open runs that have it in their list' },
  ),
  complete: Type.Boolean({ description: 'false: the first pass is under way, or has not begun, and the counts are those so far' }),
  completedPass: Type.Integer({ description: 'Number of the last completed pass; 0: none' }),
  completedAt: nullable(Timestamp),
  verifiedAt: nullable(Type.String({ description: 'RFC 3339, UTC: when every folder was read last, whatever its change hint said' })),
  folders: Type.Integer(),
  items: Type.Integer(),
  leftOut: Type.Integer({ description: 'Items of which only the ids are kept: private, or left out by the definition' }),
  bytes: Bytes,
  unreadable: Unreadable,
  failedFolders: Type.Array(Type.Object({ folder: Bigint, path: Path, error: ErrorReport }), { description: 'That could not be read in the last pass' }),
});
export type Mailbox = Type.Static<typeof Mailbox>;

export const ViewedPass = Type.Object(
  {
    pass: Type.Integer({ description: '0: none was complete then, so there is nothing to show' }),
    complete: Type.Boolean({ description: 'false: the first pass is under way, or has not begun: there is more to come' }),
    completedAt: nullable(Timestamp),
    full: Type.Boolean({ description: 'Everything that was ever there up to this pass' }),
  },
  { description: 'Which pass answers' },
);

export const FolderTree = Type.Object({
  at: ViewedPass,
  folders: Type.Array(
    Type.Object({
      id: Bigint,
      parent: nullable(Bigint),
      name: Type.String(),
      folderClass: Type.String(),
      wellKnown: nullable(Type.Unsafe<WellKnownFolder>({ type: 'string', enum: [...wellKnownFolders] })),
      items: Type.Integer(),
      leftOut: Type.Integer({ description: 'Items of which only the ids are kept' }),
      closedPass: nullable(Type.Integer({ description: 'The pass in which it went away' })),
      error: nullable(ErrorReport),
    }),
    { description: 'By name; the tree is in `parent`' },
  ),
});
export type FolderTree = Type.Static<typeof FolderTree>;

const MailAddress = Type.Object({ name: Type.String(), address: Type.String() });
const choice = <T extends string>(values: readonly T[]) => Type.Unsafe<T>({ type: 'string', enum: [...values] });
const itemProperties = {
  itemClass: Type.String({ description: 'PidTagMessageClass: IPM.Note, IPM.Contact …' }),
  subject: Type.String(),
  from: nullable(MailAddress),
  to: Type.Array(MailAddress),
  cc: Type.Array(MailAddress),
  bcc: Type.Array(MailAddress),
  sentAt: nullable(Timestamp),
  receivedAt: nullable(Timestamp),
  createdAt: nullable(Timestamp),
  modifiedAt: nullable(Timestamp),
  size: Type.Integer({ description: 'Bytes, as Exchange says' }),
  sensitivity: choice<Sensitivity>(sensitivities),
  importance: choice<Importance>(importances),
  isRead: Type.Boolean(),
  isDraft: Type.Boolean(),
  hasAttachments: Type.Boolean(),
  flag: choice<FlagState>(flagStates),
  categories: Type.Array(Type.String()),
  messageId: nullable(Type.String()),
  inReplyTo: nullable(Type.String()),
  conversationId: nullable(Type.String()),
};
const SourceId = Type.String({ description: 'Its id in Exchange: case-sensitive, and another one after a move' });
const ChangeKey = Type.String();

export const ListedItem = Type.Object({ id: Bigint, sourceId: SourceId, changeKey: ChangeKey, ...itemProperties });
export type ListedItem = Type.Static<typeof ListedItem>;

/** A page of items says which pass it shows. */
export const ItemPage = Type.Object({ at: ViewedPass, items: Type.Array(ListedItem), next: nullable(Type.String()) });
export type ItemPage = Type.Static<typeof ItemPage>;

export const MessagePart = Type.Object({
  number: Type.Integer({ description: 'From 1, in the order of the message' }),
  contentType: Type.String(),
  charset: nullable(Type.String()),
  name: nullable(Type.String()),
  disposition: nullable(Type.String({ description: 'inline, attachment …' })),
  contentId: nullable(Type.String({ description: 'What HTML refers to (cid:), without brackets' })),
  bytes: Type.Integer({ description: 'Decoded' }),
  sha256: Type.String({ description: 'Of the decoded part, hex' }),
});
export type MessagePart = Type.Static<typeof MessagePart>;

export const MessageContent = Type.Object({
  bytes: Type.Integer({ description: 'Of the .eml' }),
  sha256: Type.String({ description: 'Of the .eml, as it was first read, hex' }),
  digest: nullable(
    Type.Object(
      { version: Type.Integer(), sha256: Type.String() },
      { description: 'Over the decoded parts: the same for each reading of a message, whose boundaries and encodings Exchange makes anew. null: it could not be taken apart' },
    ),
  ),
  parts: Type.Array(MessagePart),
});
export type MessageContent = Type.Static<typeof MessageContent>;

const Moment = Type.Object({ pass: Type.Integer(), at: nullable(Type.String({ description: 'RFC 3339, UTC; null: the pass is not complete' })) });
export const Message = Type.Object({
  at: ViewedPass,
  id: Bigint,
  sourceId: SourceId,
  changeKey: ChangeKey,
  ...itemProperties,
  content: Type.Union([Type.Literal('wanted'), Type.Literal('stored'), Type.Literal('unreadable'), Type.Literal('not-wanted')], {
    description: 'Whether its content is in the archive. wanted: it is to be read',
  }),
  versions: Type.Array(
    Type.Object({
      since: Moment,
      until: nullable(Moment),
      changeKey: ChangeKey,
      leftOut: nullable(
        Type.Unsafe<LeftOutReason>({
          type: 'string',
          enum: [...leftOutReasons],
          description: 'Why nothing is kept of this version: it is private, or its folder or a condition of a rule of the definition',
        }),
      ),
      properties: nullable(Type.Object(itemProperties)),
      hasContent: Type.Boolean(),
    }),
    { description: 'What it was, newest first; until null: it is so still' },
  ),
  placements: Type.Array(
    Type.Object({
      folder: Bigint,
      path: Path,
      since: Moment,
      until: nullable(Moment),
      reason: nullable(
        Type.Unsafe<PlacementEnd>({
          type: 'string',
          enum: ['moved', 'deleted', 'folder-deleted', 'left-scope', 'resync-missing'],
          description: 'Why it is there no longer. resync-missing: a full reading did not find it',
        }),
      ),
    }),
    { description: 'Where it was, newest first; until null: it is there still' },
  ),
});
export type Message = Type.Static<typeof Message>;

export const UnreadableItem = Type.Object({
  mailbox: Uuid,
  address: Type.String(),
  folder: Bigint,
  path: Path,
  sourceId: SourceId,
  code: Type.String(),
  detail: Type.String(),
  attempts: Type.Integer(),
  firstSeenAt: Timestamp,
  lastSeenAt: Timestamp,
  nextAt: Type.String({ description: 'RFC 3339, UTC: not tried again before; the first run that follows tries it' }),
});
export type UnreadableItem = Type.Static<typeof UnreadableItem>;

export const TaskMailbox = Type.Object({
  mailbox: nullable(Type.String({ description: 'Id of the mailbox; null: a member of the group without one' })),
  address: nullable(Type.String()),
  displayName: Type.String(),
  state: State,
  error: nullable(ErrorReport),
  firstDoneAt: nullable(Timestamp),
  lastSuccessAt: nullable(Timestamp),
  items: Type.Integer(),
  bytes: Bytes,
  unreadable: Unreadable,
});
export type TaskMailbox = Type.Static<typeof TaskMailbox>;

export const TaskStatus = Type.Object({
  task: Slug,
  feature: Feature,
  state: Task.properties.state,
  mailboxes: Task.properties.mailboxes,
  firstOutstanding: Type.Integer({ description: 'Mailboxes of which not everything was read yet' }),
  oldestSuccessAt: nullable(Type.String({ description: 'RFC 3339, UTC: of the mailbox that was read longest ago' })),
  lagSeconds: nullable(Type.Integer({ description: 'Since `oldestSuccessAt`: how far the task is behind' })),
  lastSuccessAt: nullable(Timestamp),
  lastRun: nullable(RunSummary),
  nextRunAt: nullable(Type.String({ description: 'RFC 3339, UTC; null: paused, or without a schedule' })),
  folders: Type.Integer(),
  items: Type.Integer(),
  bytes: Bytes,
  unreadable: Unreadable,
});
export type TaskStatus = Type.Static<typeof TaskStatus>;
