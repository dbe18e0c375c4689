import type { MailboxGroup } from '../../../api/schemas/tasks.ts';
import { recordCommands, type RecordWords } from '../../named-records.ts';
import { mailboxGroupsTable, mailboxGroupText } from '../../output/task-text.ts';

export const mailboxGroupWords: RecordWords<MailboxGroup> = {
  noun: 'mailbox-group',
  words: 'mailbox group',
  many: 'mailbox groups',
  records: (api) => api.mailboxGroups,
  removal: 'Refused while tasks use it; they are named. Mailboxes and what was read of them stay.',
  table: mailboxGroupsTable,
  text: mailboxGroupText,
};
export const { list: mailboxGroupList, show: mailboxGroupShow, remove: mailboxGroupRemove } = recordCommands(mailboxGroupWords);
