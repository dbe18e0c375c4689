import type { FolderReplicationSettings, ItemRule } from '../shared/tasks.ts';
import type { Issue } from './record-errors.ts';

/** What is wrong with settings of folder replication whose shape is right. */
export function folderReplicationIssues(settings: FolderReplicationSettings, path = '/settings'): Issue[] {
  return settings.rules.flatMap((rule, index) => ruleIssues(rule, `${path}/rules/${index}`));
}

function ruleIssues(rule: ItemRule, path: string): Issue[] {
  const issues: Issue[] = [];
  const conditions = [rule.wellKnown, rule.path, rule.itemClass, rule.olderThanDays, rule.largerThanBytes];
  if (conditions.every((condition) => condition === undefined)) {
    issues.push({ path, message: 'says of nothing what it is about; give a folder, a path, an item class, an age or a size' });
  }
  if (rule.wellKnown !== undefined && rule.path !== undefined) {
    issues.push({ path: `${path}/path`, message: 'cannot stand beside wellKnown: a folder is named by the one or the other' });
  }
  const pathProblem = rule.path === undefined ? undefined : pathIssue(rule.path);
  if (pathProblem !== undefined) issues.push({ path: `${path}/path`, message: pathProblem });
  if (rule.itemClass !== undefined && !/^[^.\s][^.]*(?:\.[^.]+)*$/.test(rule.itemClass)) {
    issues.push({ path: `${path}/itemClass`, message: 'is no item class; write IPM.Note' });
  }
  return issues;
}

function pathIssue(path: string): string | undefined {
  const names = path.split('/');
  if (names.some((name) => name.trim() === '')) return 'must be names of folders with one / between them and none at its ends: Projects/Old';
  if (names.some((name) => name.includes('**') && name !== '**')) return 'has ** inside of a name: it stands for whole folders, as in Projects/**';
  return undefined;
}
