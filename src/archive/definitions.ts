/** Settings of one feature, for any number of tasks. */
import { definitionId, type DefinitionId } from '../shared/ids.ts';
import type { MailboxFeature } from '../shared/mailbox.ts';
import type { FolderReplicationSettings } from '../shared/tasks.ts';
import { folderReplicationIssues } from './definition-rules.ts';
import { type TaskPart, taskParts } from './task-parts.ts';

interface Columns {
  readonly feature: MailboxFeature;
  readonly settings: FolderReplicationSettings;
}
export type DefinitionView = TaskPart<DefinitionId, Columns>;

export const definitions = taskParts<DefinitionId, Columns>({
  table: 'definition',
  codePrefix: 'definition',
  words: 'definition',
  columns: { feature: 'plain', settings: 'json' },
  usedBy: 'definition_id',
  idOf: definitionId,
  issues: ({ settings }) => (settings === undefined ? [] : folderReplicationIssues(settings)),
});
