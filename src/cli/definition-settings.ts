/** The settings of folder replication as options of `definition add` and `definition change`. */
import type { Definition } from '../api/schemas/tasks.ts';
import { list, text, UsageError } from './command.ts';
import { parseRule, RULE_FORM } from './item-rules.ts';

export type DefinitionSettings = Definition['settings'];

const excludable = { inbox: 'inbox', 'sent-items': 'sentItems', 'deleted-items': 'deletedItems' } as const;
const excludableNames = Object.keys(excludable).join(', ');

export const definitionOptions = {
  content: text('yes|no', 'keep content; no: metadata only (default: yes)', { choices: ['yes', 'no'] }),
  exclude: list('folder', `leave out, with its subfolders: ${excludableNames}, or none`),
  rule: list('rule', `the first that holds decides. ${RULE_FORM}; or none`),
};
export interface GivenDefinition {
  readonly content: 'yes' | 'no' | undefined;
  readonly exclude: readonly string[];
  readonly rule: readonly string[];
}

/** `before` with what was given; a list that was given replaces the whole list. @throws UsageError */
export function withDefinitionSettings(before: DefinitionSettings, given: GivenDefinition): DefinitionSettings {
  const excluded = given.exclude.flatMap((names) => names.split(',')).map((name) => name.trim().toLowerCase());
  const wrong = excluded.find((name) => name !== 'none' && !Object.hasOwn(excludable, name));
  if (wrong !== undefined) throw new UsageError(`--exclude takes ${excludableNames} or none; not "${wrong}". Other folders are left out by --rule.`);
  return {
    withContent: given.content === undefined ? before.withContent : given.content === 'yes',
    exclude:
      excluded.length === 0
        ? before.exclude
        : { inbox: excluded.includes('inbox'), sentItems: excluded.includes('sent-items'), deletedItems: excluded.includes('deleted-items') },
    rules: given.rule.length === 0 ? before.rules : given.rule.filter((rule) => rule.trim() !== 'none').map(parseRule),
  };
}
