/** Mailboxes and what is in them as the API shows them. Nothing that is not named here leaves the database. */
import type { FolderTree as ArchivedTree } from '../archive/folder-tree.ts';
import type { ItemHistory } from '../archive/item-history.ts';
import type { ItemList } from '../archive/item-list.ts';
import type { MailboxFeatureStatus } from '../archive/mailbox-features.ts';
import type { MailboxSummary as ListedMailbox } from '../archive/mailbox-list.ts';
import type { MailboxStatus } from '../archive/mailbox-status.ts';
import type { ViewedPass } from '../archive/mailbox-view.ts';
import type { TaskMailbox as ListedTaskMailbox, TaskStatus as ArchivedTaskStatus } from '../archive/task-status.ts';
import type { UnreadableItem as ListedUnreadable } from '../archive/unreadable-items.ts';
import type { FolderId } from '../shared/ids.ts';
import type { FolderTree, ItemPage, Mailbox, MailboxSummary, Message, TaskMailbox, TaskStatus, UnreadableItem } from './schemas/mailboxes.ts';
import { mutable, runSummaryAnswer } from './views.ts';

const optionalTime = (date: Date | null): string | null => date?.toISOString() ?? null;

const featureAnswer = ({ firstDoneAt, lastSuccessAt, ...status }: MailboxFeatureStatus): MailboxSummary['features'][number] => ({
  ...mutable(status),
  firstDoneAt: optionalTime(firstDoneAt),
  lastSuccessAt: optionalTime(lastSuccessAt),
});

export const mailboxSummaryAnswer = ({ key, features, ...mailbox }: ListedMailbox): MailboxSummary => ({ id: key, ...mailbox, features: features.map(featureAnswer) });

export const mailboxAnswer = ({ key, features, work, failedFolders, completedAt, verifiedAt, ...mailbox }: MailboxStatus): Mailbox => ({
  id: key,
  ...mailbox,
  features: features.map(featureAnswer),
  work: mutable(work),
  completedAt: optionalTime(completedAt),
  verifiedAt: optionalTime(verifiedAt),
  failedFolders: mutable(failedFolders),
});

const viewedAnswer = ({ completedAt, ...viewed }: ViewedPass): FolderTree['at'] => ({ ...viewed, completedAt: optionalTime(completedAt) });

export const folderTreeAnswer = ({ at, folders }: ArchivedTree): FolderTree => ({ at: viewedAnswer(at), folders: folders.map((folder) => ({ ...folder })) });

export const itemPageAnswer = ({ at, items, next }: ItemList): ItemPage => ({
  at: viewedAnswer(at),
  items: items.map(({ properties, ...item }) => ({ ...item, ...mutable(properties) })),
  next,
});

/** What an item's answer needs beyond its history. */
export interface MessageCompany {
  /** When passes were complete. */
  readonly passes: ReadonlyMap<number, Date>;
  readonly paths: ReadonlyMap<FolderId, readonly string[]>;
}

export function messageAnswer(history: ItemHistory, { passes, paths }: MessageCompany): Message {
  const { shown } = history;
  // A view shows no version that was left out.
  if (shown.properties === null) throw new Error('an item is shown that was left out');
  const moment = (pass: number) => ({ pass, at: passes.get(pass)?.toISOString() ?? null });
  const optionalMoment = (pass: number | null) => (pass === null ? null : moment(pass));
  return {
    at: viewedAnswer(history.at),
    id: history.id,
    sourceId: history.sourceId,
    changeKey: shown.changeKey,
    ...mutable(shown.properties),
    content: history.contentState,
    versions: history.versions.map(({ since, until, contentId, ...version }) => ({ ...mutable(version), hasContent: contentId !== null, since: moment(since), until: optionalMoment(until) })),
    placements: history.placements.map(({ folder, opened, closed, reason }) => ({
      folder,
      path: [...(paths.get(folder) ?? [])],
      since: moment(opened),
      until: optionalMoment(closed),
      reason,
    })),
  };
}

export const unreadableItemAnswer = ({ firstSeenAt, lastSeenAt, nextAt, ...item }: ListedUnreadable): UnreadableItem => ({
  ...mutable(item),
  firstSeenAt: firstSeenAt.toISOString(),
  lastSeenAt: lastSeenAt.toISOString(),
  nextAt: nextAt.toISOString(),
});

export const taskStatusAnswer = ({ task, lastRun, oldestSuccessAt, lastSuccessAt, ...status }: ArchivedTaskStatus, nextRunAt: Date | undefined): TaskStatus => ({
  ...status,
  task: task.name,
  feature: task.feature,
  state: task.state,
  mailboxes: { ...task.mailboxes },
  oldestSuccessAt: optionalTime(oldestSuccessAt),
  lastSuccessAt: optionalTime(lastSuccessAt),
  lastRun: lastRun === undefined ? null : runSummaryAnswer(lastRun),
  nextRunAt: nextRunAt?.toISOString() ?? null,
});

export const taskMailboxAnswer = ({ firstDoneAt, lastSuccessAt, ...mailbox }: ListedTaskMailbox): TaskMailbox => ({
  ...mailbox,
  firstDoneAt: optionalTime(firstDoneAt),
  lastSuccessAt: optionalTime(lastSuccessAt),
});
