import type { AuditEntry } from '../../../api/schemas/audit.ts';
import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { table } from '../../output/table.ts';
import { localTime } from '../../output/times.ts';
import { allItems } from '../../paging.ts';

export const auditList = defineCommand({
  path: ['audit', 'list'],
  summary: 'List who decided what is kept of people',
  description: 'Newest first. Entries are never changed; each holds the hash of the one before it (--json).',
  examples: [{ line: 'lockstep audit list', what: 'See who let private items in, and when' }],
  options: apiOptions,
  async run({ options }, io) {
    const api = await connectOrganisation(options, io);
    const items = await allItems(api.audit);
    return {
      exitCode: exitCodes.ok,
      data: { items, next: null },
      text:
        items.length === 0
          ? 'Nothing was decided yet.'
          : table(
              items,
              [
                { title: 'NUMBER', value: (entry) => String(entry.number) },
                { title: 'WHEN', value: (entry) => localTime(entry.at) },
                { title: 'WHO', value: (entry) => entry.by.label },
                { title: 'WHAT', value: (entry) => `${entry.action} ${entry.subject}` },
                { title: 'CHANGE', value: changeText, shrink: true },
              ],
              io.columns,
            ),
    };
  },
});

function changeText({ before, after }: AuditEntry): string {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return names.map((name) => `${name}: ${before?.[name] ?? 'none'} → ${after?.[name] ?? 'none'}`).join(', ');
}
