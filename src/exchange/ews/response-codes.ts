/**
 * What Exchange's response codes mean for us. The codes are those of ResponseCodeType in Exchange's Messages.xsd; what a client should
 * do about them is said at
 * https://learn.microsoft.com/exchange/client-developer/exchange-web-services/handling-synchronization-related-errors-in-ews-in-exchange
 * and …/ews-throttling-in-exchange. A code that is in no list is taken for an outage of the server: it is waited for and shown.
 */
import { type ErrorClass, LockstepError } from '../../shared/errors.ts';

interface Meaning {
  readonly class: ErrorClass;
  readonly code: string;
  readonly next: string;
}

const wait = 'Nothing to do: Lockstep waits and tries again.';

const meanings: readonly (Meaning & { readonly codes: readonly string[] })[] = [
  {
    class: 'Throttled',
    code: 'ews.throttled',
    next: wait,
    codes: [
      'ErrorServerBusy',
      'ErrorExceededConnectionCount',
      'ErrorExceededFindCountLimit',
      'ErrorExceededSubscriptionCount',
      'ErrorTooManyObjectsOpened',
      'ErrorInsufficientResources',
    ],
  },
  {
    class: 'MailboxGone',
    code: 'ews.no-mailbox',
    next: 'If the mailbox should be replicated, see whether it still exists on this Exchange; otherwise take it out of the group.',
    codes: ['ErrorNonExistentMailbox', 'ErrorMissingEmailAddress', 'ErrorNameResolutionNoMailbox', 'ErrorCannotFindUser', 'ErrorInvalidSmtpAddress'],
  },
  {
    class: 'MailboxGone',
    code: 'ews.name-not-found',
    next: 'Correct the address, or see whether the recipient is hidden from address lists.',
    codes: ['ErrorNameResolutionNoResults'],
  },
  {
    class: 'MailboxGone',
    code: 'ews.account-disabled',
    next: 'The account of this mailbox is disabled in Active Directory. It is skipped until that changes.',
    codes: ['ErrorAccountDisabled', 'ErrorAccountSuspend'],
  },
  {
    class: 'ConfigInvalid',
    code: 'ews.impersonation-denied',
    next: 'Give the account the management role ApplicationImpersonation with a scope that holds this mailbox (see the admin guide, "Rights").',
    codes: ['ErrorImpersonateUserDenied', 'ErrorImpersonationDenied', 'ErrorImpersonationFailed', 'ErrorInvalidExchangeImpersonationHeaderData'],
  },
  {
    class: 'ConfigInvalid',
    code: 'ews.access-denied',
    next: 'Give the account the right to read this mailbox, or take the mailbox out of the group.',
    codes: ['ErrorAccessDenied', 'ErrorMailboxLogonFailed', 'ErrorUserNotAllowedByPolicy', 'ErrorOrganizationAccessBlocked'],
  },
  {
    class: 'AuthRejected',
    code: 'ews.password-expired',
    next: 'Set a new password for the account and give it to Lockstep: lockstep connection change NAME --password.',
    codes: ['ErrorPasswordExpired', 'ErrorPasswordChangeRequired'],
  },
  {
    class: 'ConfigInvalid',
    code: 'ews.version-unsupported',
    next: 'Lockstep needs Exchange 2013 SP1 or later.',
    codes: ['ErrorInvalidServerVersion', 'ErrorIncorrectSchemaVersion', 'ErrorWrongServerVersion', 'ErrorInvalidSchemaVersionForMailboxVersion'],
  },
  {
    class: 'CursorInvalid',
    code: 'ews.sync-state-refused',
    next: 'Nothing to do: the folder is read again from its beginning.',
    codes: ['ErrorInvalidSyncStateData'],
  },
  {
    class: 'CursorInvalid',
    code: 'mailbox.folder-gone',
    next: 'Nothing to do: the next pass sees that the folder is gone.',
    codes: ['ErrorSyncFolderNotFound', 'ErrorFolderNotFound', 'ErrorCannotAccessDeletedPublicFolder', 'ErrorParentFolderNotFound'],
  },
  {
    class: 'ItemUnreadable',
    code: 'item.gone',
    next: 'Nothing to do: the next pass says where the item is.',
    codes: ['ErrorItemNotFound', 'ErrorStaleObject'],
  },
  {
    class: 'ItemUnreadable',
    code: 'item.corrupt',
    next: 'Open the item in Outlook; if it cannot be opened there either, repair the mailbox (New-MailboxRepairRequest).',
    codes: [
      'ErrorItemCorrupt',
      'ErrorCorruptData',
      'ErrorContentConversionFailed',
      'ErrorMimeContentConversionFailed',
      'ErrorMimeContentInvalid',
      'ErrorUnsupportedMimeConversion',
      'ErrorItemPropertyRequestFailed',
      'ErrorPropertyValidationFailure',
      'ErrorInvalidIdMalformed',
      'ErrorVirusDetected',
      'ErrorVirusMessageDeleted',
    ],
  },
  {
    class: 'ItemUnreadable',
    code: 'item.too-large',
    next: 'Raise the size limit of Exchange Web Services on the server (web.config, maxReceivedMessageSize), then export or resynchronise the item.',
    codes: ['ErrorMessageSizeExceeded', 'ErrorDataSizeLimitExceeded', 'ErrorAttachmentSizeLimitExceeded'],
  },
];

const byCode = new Map(meanings.flatMap(({ codes, ...meaning }) => codes.map((code) => [code, meaning] as const)));

/** What the answer said went wrong. */
export interface ResponseFailure {
  /** ResponseCode, or the code of a SOAP fault. */
  readonly code: string;
  readonly message: string;
  /** BackOffMilliseconds, where the server named it. */
  readonly backOffMs: number | undefined;
}

/** The failure with its class. Exchange's own sentence is part of the message: it names no secret and administrators search for it. */
export function responseError({ code, message, backOffMs }: ResponseFailure): LockstepError {
  // "ErrorInternalServerError" around a throttled call of the server to itself (the third shape).
  const meaning =
    byCode.get(code) ??
    (message.includes('ErrorServerBusy') || backOffMs !== undefined
      ? { class: 'Throttled' as const, code: 'ews.throttled', next: wait }
      : { class: 'Unavailable' as const, code: 'ews.server-error', next: wait });
  return new LockstepError({ ...meaning, message: `Exchange answered ${code}${message === '' ? '' : `: ${message}`}`, waitMs: backOffMs });
}
