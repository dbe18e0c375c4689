/**
 * Branded identifiers. Each kind has one constructor, which is used only at a boundary (API, database row, file) where
 * the text has just been checked; everywhere else the type proves that it was.
 */
declare const brand: unique symbol;
type Id<Kind extends string> = string & { readonly [brand]: Kind };

export type OrganisationId = Id<'Organisation'>;
export type SiteId = Id<'Site'>;
export type IntegrationId = Id<'Integration'>;
export type RunId = Id<'Run'>;
export type TokenId = Id<'Token'>;
/** bigint in the database, decimal text here: JSON numbers lose digits above 2^53. */
export type PersonId = Id<'Person'>;
export type DirectoryObjectId = Id<'DirectoryObject'>;
export type ConnectionId = Id<'Connection'>;
export type DefinitionId = Id<'Definition'>;
export type ScheduleId = Id<'Schedule'>;
export type MailboxGroupId = Id<'MailboxGroup'>;
export type TaskId = Id<'Task'>;
/** A mailbox as sites know it; inside the archive it is a bigint. */
export type MailboxKey = Id<'MailboxKey'>;
export type MailboxId = Id<'Mailbox'>;
export type FolderId = Id<'Folder'>;
export type ItemId = Id<'Item'>;
/** SHA-256 of the decoded bytes, in lower-case hexadecimal. */
export type BlobHash = Id<'Blob'>;

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The text is not an identifier of the kind that was asked for. */
export class InvalidIdError extends Error {
  override readonly name = 'InvalidIdError';
  readonly kind: string;
  constructor(kind: string) {
    super(`not a valid ${kind} id`);
    this.kind = kind;
  }
}

const make =
  <Kind extends string>(kind: Kind, pattern: RegExp) =>
  (text: string): Id<Kind> => {
    if (!pattern.test(text)) throw new InvalidIdError(kind);
    return text as Id<Kind>;
  };

export const organisationId = make('Organisation', uuidPattern);
export const siteId = make('Site', uuidPattern);
export const integrationId = make('Integration', uuidPattern);
export const runId = make('Run', uuidPattern);
export const tokenId = make('Token', uuidPattern);
export const connectionId = make('Connection', uuidPattern);
export const definitionId = make('Definition', uuidPattern);
export const scheduleId = make('Schedule', uuidPattern);
export const mailboxGroupId = make('MailboxGroup', uuidPattern);
export const taskId = make('Task', uuidPattern);
export const mailboxKey = make('MailboxKey', uuidPattern);
export const blobHash = make('Blob', /^[0-9a-f]{64}$/);

/** Ids that are bigint in the database. */
const bigintPattern = /^[1-9][0-9]{0,18}$/;
export const folderId = make('Folder', bigintPattern);
export const itemId = make('Item', bigintPattern);
