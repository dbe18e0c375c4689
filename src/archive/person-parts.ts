/**
 * A person of several objects: which one says who it is, and which one says where its mail is. A function of the objects as
 * they are, so that the order in which directories are read changes nothing.
 */
import type { DirectoryObjectKind, RecipientType } from '../shared/directory.ts';
import type { IntegrationId } from '../shared/ids.ts';
import { isDisabledByDesign, isNobodysAccount } from './directory-kinds.ts';

/** What is asked of an object to know its part. */
export interface PersonPart {
  readonly guid: string;
  readonly integration_id: IntegrationId;
  readonly kind: DirectoryObjectKind;
  readonly recipient_type: RecipientType;
  readonly account_disabled: boolean;
  /** It says whose mailbox it is (see directory-sids.ts), so its own account is nobody's. */
  readonly is_resource: boolean;
  readonly listed: boolean;
  readonly in_source: boolean;
  readonly missing_since: Date | null;
  readonly source_created: Date | null;
}

/** Somebody signs in with it. */
const isAccount = (part: PersonPart): boolean =>
  part.kind === 'user' && !part.is_resource && !isDisabledByDesign(part.recipient_type);

/** In the archive as one that is there. An object that is gone but whose removal is held back still is. */
export const isPresent = (part: PersonPart): boolean => part.listed && part.missing_since === null;

/** In the source, or in the archive as one that is there. */
export const isThere = (part: PersonPart): boolean => part.in_source || isPresent(part);

const mailboxTypes: ReadonlySet<RecipientType> = new Set(['user-mailbox', 'linked-mailbox', 'remote-user-mailbox']);
const hasMailbox = (part: PersonPart): boolean =>
  part.is_resource || mailboxTypes.has(part.recipient_type) || isNobodysAccount(part.recipient_type);

/**
 * The object that gives name, status and sign-in: an account before anything else, one that is there before one that has
 * gone, one that is enabled before one that is not (of two accounts during a migration one is always disabled), the newer one.
 */
export const accountOf = <Part extends PersonPart>(parts: readonly [Part, ...Part[]]): Part =>
  best(parts, (part) => [isAccount(part), isThere(part), !part.account_disabled]);

/** The object that gives the mail attributes: one that is there, one with a mailbox, one that says whose it is, one that was there. */
export const mailOf = <Part extends PersonPart>(parts: readonly [Part, ...Part[]]): Part =>
  best(parts, (part) => [isPresent(part), hasMailbox(part), part.is_resource, part.listed]);

/** The first in which `wishes` come true in their order; of equals the newest. */
function best<Part extends PersonPart>(parts: readonly [Part, ...Part[]], wishes: (part: Part) => readonly boolean[]): Part {
  const rank = (part: Part) => wishes(part).map((wish) => (wish ? '0' : '1')).join('');
  const age = (part: Part) => part.source_created?.getTime() ?? -Infinity;
  return parts.reduce((one, other) => {
    const [a, b] = [rank(one), rank(other)];
    if (a !== b) return a < b ? one : other;
    if (age(one) !== age(other)) return age(one) > age(other) ? one : other;
    return one.guid + one.integration_id < other.guid + other.integration_id ? one : other;
  });
}

/** By the rule for people who disappear (directory-removals.ts), as the directory's settings have it. */
const wasDisabledWhenGone = (part: AcknowledgedPart): boolean => part.missing_since !== null && part.disabled && part.disables_missing;

export type PersonState = 'enabled' | 'disabled' | 'missing';

/**
 * When no object of the person is present: missing, or disabled where the rules for removals have made it that. Else as the account is
 * in the archive, where its integration acknowledges what the directory says; an account that has left is one that nobody signs in
 * with. The account of a mailbox that is used with another one says nothing.
 */
export function stateOf(parts: readonly [AcknowledgedPart, ...AcknowledgedPart[]]): PersonState {
  if (!parts.some(isPresent)) return parts.some(wasDisabledWhenGone) ? 'disabled' : 'missing';
  const account = accountOf(parts);
  if (!isAccount(account) && (account.is_resource || isDisabledByDesign(account.recipient_type))) return 'enabled';
  return (account.disabled || (account.missing_since !== null && !isThere(account))) && account.acknowledge_disabled ? 'disabled' : 'enabled';
}
export type AcknowledgedPart = PersonPart & {
  readonly disabled: boolean;
  /** Of its directory's settings: what the directory says of disabled accounts counts. */
  readonly acknowledge_disabled: boolean;
  /** Likewise: who disappears is disabled. */
  readonly disables_missing: boolean;
};

/** Under which the person is listed; null: it is not. */
export const sortKeyOf = (parts: readonly [NamedPart, ...NamedPart[]]): string | null =>
  parts.some((part) => part.listed) ? accountOf(parts).sort_key : null;
type NamedPart = PersonPart & { readonly sort_key: string };
