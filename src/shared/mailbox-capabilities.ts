/** What a connection of a type can do. The two Exchange worlds differ: what one of them cannot do is said before a task relies on it. */
import type { ConnectionSettings } from './mailbox-contract.ts';

export const mailboxCapabilities = [
  /** Folder hints tell which folders changed (one request a mailbox). */
  'folder-hints',
  /** Items of every class, not only mail. */
  'every-item-class',
  /** Content as MIME. */
  'mime',
] as const;
export type MailboxCapability = (typeof mailboxCapabilities)[number];

export const capabilitiesOf: Readonly<Record<ConnectionSettings['type'], readonly MailboxCapability[]>> = {
  ews: ['folder-hints', 'every-item-class', 'mime'],
};
