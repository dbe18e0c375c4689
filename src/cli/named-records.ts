/** The commands that are alike for every kind of record that has a name: list, show and remove. */
import type { ApiClient, NamedRecords } from './api-client.ts';
import { apiOptions, connectOrganisation } from './api-connection.ts';
import { type AnyCommand, defineCommand } from './command.ts';
import { exitCodes } from './exit-codes.ts';
import { withSuggestions } from './names.ts';
import { allItems } from './paging.ts';

export interface RecordWords<Row extends { readonly name: string }> {
  /** `task`: the commands are `lockstep task list` and so on. */
  readonly noun: string;
  /** In sentences: `mailbox group`, `mailbox groups`. */
  readonly words: string;
  readonly many: string;
  records(api: ApiClient): Pick<NamedRecords<Row, never, never>, 'list' | 'find' | 'remove'>;
  /** What a removal leaves alone, and when it is refused. */
  readonly removal: string;
  table(rows: readonly Row[], width: number): string;
  text(row: Row): string;
}

/** Does `use` with a record's name; an unknown name is answered with the similar ones. */
export const withRecord = <Row extends { readonly name: string }, T>(
  kind: RecordWords<Row>,
  api: ApiClient,
  name: string,
  use: () => Promise<T>,
): Promise<T> =>
  withSuggestions(
    name,
    { names: async () => (await allItems((query) => kind.records(api).list(query))).map((row) => row.name), listCommand: `lockstep ${kind.noun} list` },
    use,
  );

export const nameArgument = (words: string) => ({ name: { description: `short name of the ${words}` } });

export function recordCommands<Row extends { readonly name: string }>(kind: RecordWords<Row>): { list: AnyCommand; show: AnyCommand; remove: AnyCommand } {
  const { noun, words, many } = kind;
  const records = (api: ApiClient) => kind.records(api);
  return {
    list: defineCommand({
      path: [noun, 'list'],
      summary: `List the ${many}`,
      examples: [{ line: `lockstep ${noun} list`, what: `See all ${many}` }],
      options: apiOptions,
      async run({ options }, io) {
        const api = await connectOrganisation(options, io);
        const items = await allItems((query) => records(api).list(query));
        const text = items.length === 0 ? `No ${many}. Add one: lockstep ${noun} add NAME` : kind.table(items, io.columns);
        return { exitCode: exitCodes.ok, data: { items, next: null }, text };
      },
    }),
    show: defineCommand({
      path: [noun, 'show'],
      summary: `Show a ${words}`,
      examples: [{ line: `lockstep ${noun} show NAME`, what: `See everything about one ${words}` }],
      arguments: nameArgument(words),
      options: apiOptions,
      async run({ options, arguments: given }, io) {
        const api = await connectOrganisation(options, io);
        const row = await withRecord(kind, api, given.name, () => records(api).find(given.name));
        return { exitCode: exitCodes.ok, data: row, text: kind.text(row) };
      },
    }),
    remove: defineCommand({
      path: [noun, 'remove'],
      summary: `Remove a ${words}`,
      description: kind.removal,
      examples: [{ line: `lockstep ${noun} remove NAME`, what: `Remove a ${words} that nothing needs` }],
      arguments: nameArgument(words),
      options: apiOptions,
      async run({ options, arguments: given }, io) {
        const api = await connectOrganisation(options, io);
        await withRecord(kind, api, given.name, () => records(api).remove(given.name));
        return { exitCode: exitCodes.ok, data: { removed: given.name }, text: `${given.name} is removed.` };
      },
    }),
  };
}
