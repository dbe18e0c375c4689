import type { MailboxCapability } from '../shared/mailbox-capabilities.ts';
import type { FolderReplicationSettings } from '../shared/tasks.ts';

/** What a definition asks for and a connection with these capabilities cannot do, in sentences for the administrator. */
export function cannotDo(settings: FolderReplicationSettings, capabilities: ReadonlySet<MailboxCapability>): string[] {
  return [
    ...(settings.withContent && !capabilities.has('mime') ? ['Content cannot be read through this connection: metadata only.'] : []),
    ...(!capabilities.has('every-item-class') ? ['Only mail can be read through this connection: contacts, tasks and notes are left out.'] : []),
  ];
}
