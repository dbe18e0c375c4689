import { connectionsTable, connectionText } from '../../output/task-text.ts';
import { recordCommands, type RecordWords } from '../../named-records.ts';
import type { Connection } from '../../../api/schemas/connections.ts';

export const connectionWords: RecordWords<Connection> = {
  noun: 'connection',
  words: 'connection',
  many: 'exchange connections',
  records: (api) => api.connections,
  removal:
    'Refused while tasks need it: those that read mailboxes through it and, where it is the only connection of its site, all tasks of that site. What was read stays.',
  table: connectionsTable,
  text: connectionText,
};
export const { list: connectionList, show: connectionShow, remove: connectionRemove } = recordCommands(connectionWords);
