/** Rules of a definition as people type them: `exclude path=Projects/Old* older=365`. */
import type { Definition } from '../api/schemas/tasks.ts';
import { wellKnownFolders } from '../shared/mailbox.ts';
import { UsageError } from './command.ts';

type Rule = Definition['settings']['rules'][number];

export const RULE_FORM = '"include|exclude" and conditions: folder=NAME, path=PATTERN, class=CLASS, older=DAYS, larger=BYTES';

/** Conditions are told apart by their names, so that a path may hold spaces. @throws UsageError */
export function parseRule(text: string): Rule {
  const [, action, rest = ''] = /^\s*(include|exclude)\s+(.*)$/is.exec(text) ?? [];
  if (action === undefined) throw notARule(text);
  const parts = rest.split(/(?:^|\s+)(folder|path|class|older|larger)=/).slice(1);
  if (!/^(?:folder|path|class|older|larger)=/.test(rest)) throw notARule(text);
  const rule: Rule = { action: action.toLowerCase() === 'include' ? 'include' : 'exclude' };
  for (let at = 0; at < parts.length; at += 2) {
    const value = (parts[at + 1] ?? '').trim();
    switch (parts[at]) {
      case 'folder': {
        const folder = wellKnownFolders.find((name) => name === value.toLowerCase());
        if (folder === undefined) throw new UsageError(`"${value}" is no default folder. They are ${wellKnownFolders.join(', ')}; others are named by path=.`);
        rule.wellKnown = folder;
        break;
      }
      case 'path':
        rule.path = value;
        break;
      case 'class':
        rule.itemClass = value;
        break;
      case 'older':
        rule.olderThanDays = wholeNumber('older', value);
        break;
      case 'larger':
        rule.largerThanBytes = wholeNumber('larger', value);
        break;
      case undefined:
      default:
        throw notARule(text);
    }
  }
  return rule;
}

function wholeNumber(name: string, text: string): number {
  if (!/^[1-9][0-9]{0,14}$/.test(text)) throw new UsageError(`${name}= takes a whole number, not "${text}".`);
  return Number(text);
}

const notARule = (text: string): UsageError => new UsageError(`"${text}" is no rule. Write ${RULE_FORM}.`);
