/** Shapes of what a site says of mailboxes: src/shared/mailbox.ts and mailbox-contract.ts. Bounds of what a single value may be. */
import { Type } from 'typebox';
import { flagStates, importances, sensitivities, wellKnownFolders } from '../../shared/mailbox.ts';
import { SWEEP_LENGTH } from '../../shared/mailbox-contract.ts';
import { Bigint, nullable, Uuid } from '../schemas/common.ts';
import { Code, ErrorBody, literals, Position } from './ingest-request.ts';

/** A server may send more than the 512 changes that are asked for. */
const CHANGES_MAX = 5000;
/** Exchange may name all folders of a mailbox at once. */
const FOLDERS_MAX = 100_000;
const RECIPIENTS_MAX = 20_000;

const SourceId = Type.String({ minLength: 1, maxLength: 2000 });
const Base64 = Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$', maxLength: 2000 });
/** Opaque. Those of a folder grow with its items: Exchange lists what it told. */
const State = Type.String({ minLength: 1, maxLength: 8_000_000 });
const Text = Type.String({ maxLength: 20_000 });
const Instant = Type.String({ pattern: '^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,6})?Z$', format: 'day-of-calendar' });
const Address = Type.Object({ name: Text, address: Text });

export const HierarchyBody = Type.Object({
  folders: Type.Array(
    Type.Object({
      id: SourceId,
      parentId: Type.String({ maxLength: 2000 }),
      name: Text,
      folderClass: Text,
      wellKnown: nullable(literals(wellKnownFolders)),
      hidden: Type.Boolean(),
      search: Type.Boolean(),
      itemCount: Type.Integer({ minimum: 0, maximum: 2 ** 31 }),
    }),
    { maxItems: FOLDERS_MAX },
  ),
  removed: Type.Array(SourceId, { maxItems: FOLDERS_MAX }),
  state: State,
  last: Type.Boolean(),
});

const Properties = Type.Object({
  itemClass: Text,
  subject: Text,
  from: nullable(Address),
  to: Type.Array(Address, { maxItems: RECIPIENTS_MAX }),
  cc: Type.Array(Address, { maxItems: RECIPIENTS_MAX }),
  bcc: Type.Array(Address, { maxItems: RECIPIENTS_MAX }),
  sentAt: nullable(Instant),
  receivedAt: nullable(Instant),
  createdAt: nullable(Instant),
  modifiedAt: nullable(Instant),
  size: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  sensitivity: literals(sensitivities),
  importance: literals(importances),
  isRead: Type.Boolean(),
  isDraft: Type.Boolean(),
  hasAttachments: Type.Boolean(),
  flag: literals(flagStates),
  categories: Type.Array(Text, { maxItems: 1000 }),
  messageId: nullable(Text),
  inReplyTo: nullable(Text),
  conversationId: nullable(Base64),
});

export const FolderBody = Type.Object({
  items: Type.Array(
    Type.Object({ id: SourceId, changeKey: Type.String({ maxLength: 2000 }), searchKey: nullable(Base64), sourceKey: nullable(Base64), properties: Properties }),
    { maxItems: CHANGES_MAX },
  ),
  removed: Type.Array(SourceId, { maxItems: CHANGES_MAX }),
  read: Type.Array(Type.Object({ id: SourceId, isRead: Type.Boolean() }), { maxItems: CHANGES_MAX }),
  problems: Type.Array(Type.Object({ id: SourceId, code: Code, detail: Text }), { maxItems: CHANGES_MAX }),
  state: State,
  last: Type.Boolean(),
});

export const ClaimBody = Type.Object({
  offset: Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 - SWEEP_LENGTH }),
  length: Type.Integer({ minimum: 1, maximum: SWEEP_LENGTH }),
});

export const CompletionBody = Type.Object({
  hints: Type.Array(Type.Object({ folder: Bigint, hint: Type.String({ maxLength: 1000 }) }), { maxItems: 100_000 }),
  failures: Type.Array(Type.Object({ folder: Bigint, error: ErrorBody }), { maxItems: 100_000 }),
  wrongHints: Type.Array(Bigint, { maxItems: 100_000 }),
  verified: Type.Boolean(),
});

export const ResultsBody = Type.Object({
  results: Type.Array(
    Type.Object({
      ordinal: Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 }),
      lease: Uuid,
      outcome: Type.Union([
        Type.Object({ state: Type.Literal('finished') }),
        Type.Object({ state: Type.Literal('quiet'), verified: Type.Boolean() }),
        Type.Object({ state: Type.Literal('deferred') }),
        Type.Object({ state: Type.Literal('waiting'), progressed: Type.Boolean(), error: ErrorBody }),
        Type.Object({ state: Type.Literal('failed'), error: ErrorBody }),
      ]),
    }),
    { maxItems: SWEEP_LENGTH },
  ),
});

/** `next` of a page of content that is wanted. */
export const ContentQuestionBody = Type.Object({ after: nullable(Type.String({ maxLength: 100 })) });

const CONTENTS_MAX = 500;
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });

export const ContentBody = Type.Object({
  items: Type.Array(
    Type.Union([
      Type.Object({
        item: Bigint, outcome: Type.Literal('read'), changeKey: Type.String({ maxLength: 2000 }), blob: Sha256, bytes: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
      }),
      Type.Object({ item: Bigint, outcome: Type.Literal('gone') }),
      Type.Object({ item: Bigint, outcome: Type.Literal('unreadable'), code: Code, detail: Text }),
    ]),
    { maxItems: CONTENTS_MAX },
  ),
});

export const MailboxPath = Type.Object({ mailbox: Uuid });
export const HierarchyPagePath = Type.Object({ mailbox: Uuid, epoch: Position, seq: Position });
export const FolderPath = Type.Object({ mailbox: Uuid, folder: Bigint });
export const FolderPagePath = Type.Object({ mailbox: Uuid, folder: Bigint, epoch: Position, seq: Position });
export const LeaseHeaders = Type.Object({ 'x-lockstep-lease': Uuid });
export const LeasedPageHeaders = Type.Object({ 'x-lockstep-lease': Uuid, 'x-page-sha256': Type.String({ pattern: '^[0-9a-f]{64}$' }) });
