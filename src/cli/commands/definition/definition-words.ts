import type { Definition } from '../../../api/schemas/tasks.ts';
import { recordCommands, type RecordWords } from '../../named-records.ts';
import { definitionsTable, definitionText } from '../../output/task-text.ts';

export const definitionWords: RecordWords<Definition> = {
  noun: 'definition',
  words: 'definition',
  many: 'definitions',
  records: (api) => api.definitions,
  removal: 'Refused while tasks use it; they are named.',
  table: definitionsTable,
  text: definitionText,
};
export const { list: definitionList, show: definitionShow, remove: definitionRemove } = recordCommands(definitionWords);
