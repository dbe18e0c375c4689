/** Mailboxes and how they fare, for people. */
import type { Mailbox, MailboxSummary } from '../../api/schemas/mailboxes.ts';
import type { CommandIo } from '../command.ts';
import { pathText } from '../folder-reference.ts';
import { clean } from './clean.ts';
import { fields } from './fields.ts';
import { byteSize, count, counted } from './numbers.ts';
import { type Style, styled } from './style.ts';
import { table } from './table.ts';
import { duration, localTime, relativeTime } from './times.ts';

const styles: Readonly<Record<string, Style>> = { healthy: 'good', attention: 'bad', skipped: 'warn', pending: 'dim', duplicate: 'dim' };
export const stateStyle = (state: string): Style | undefined => styles[state];

type Feature = MailboxSummary['features'][number];
const NO_GROUP = 'in no group';

/** One line for each feature of a mailbox. */
export const mailboxesTable = (mailboxes: readonly MailboxSummary[], io: Pick<CommandIo, 'columns' | 'now'>): string => {
  const now = io.now();
  return table(
    mailboxes.flatMap((mailbox): { mailbox: MailboxSummary; feature: Feature | undefined }[] =>
      mailbox.features.length === 0 ? [{ mailbox, feature: undefined }] : mailbox.features.map((feature) => ({ mailbox, feature })),
    ),
    [
      { title: 'ADDRESS', value: ({ mailbox }) => mailbox.address, shrink: true },
      { title: 'NAME', value: ({ mailbox }) => mailbox.displayName, shrink: true },
      { title: 'STATE', value: ({ feature }) => feature?.state ?? NO_GROUP, style: ({ feature }) => stateStyle(feature?.state ?? 'pending') },
      { title: 'TASK', value: ({ feature }) => feature?.task ?? '' },
      { title: 'LAST SUCCESS', value: ({ feature }) => relativeTime(feature?.lastSuccessAt ?? null, now) },
      { title: 'ITEMS', value: ({ mailbox }) => count(mailbox.items), align: 'right' },
      { title: 'SIZE', value: ({ mailbox }) => byteSize(mailbox.bytes), align: 'right' },
      { title: 'UNREADABLE', value: ({ mailbox }) => (mailbox.unreadable === 0 ? '' : count(mailbox.unreadable)), align: 'right' },
      { title: 'WHY', value: ({ feature }) => feature?.error?.message ?? '', shrink: true },
    ],
    io.columns,
  );
};

export function mailboxText(mailbox: Mailbox): string {
  const { address, connection, complete } = mailbox;
  return [
    fields([
      ['mailbox', address],
      ['name', mailbox.displayName],
      ['type', mailbox.recipientType],
      ['connection', connection === null ? 'none' : `${connection.name}, site ${connection.site}`],
      ['Exchange GUID', mailbox.exchangeGuid ?? undefined],
      ['id', mailbox.id],
    ]),
    ...(mailbox.features.length === 0 ? ['No task has it in its group.'] : mailbox.features.map(featureText)),
    ...mailbox.work.map(workText),
    fields([
      ['archive', complete ? `complete as of pass ${mailbox.completedPass}, ${localTime(mailbox.completedAt)}` : 'first replication not complete; the numbers are those so far'],
      ['every folder read', mailbox.verifiedAt === null ? undefined : localTime(mailbox.verifiedAt)],
      ['folders', count(mailbox.folders)],
      ['items', `${count(mailbox.items)}, ${byteSize(mailbox.bytes)}`],
      ['left out', mailbox.leftOut === 0 ? undefined : `${counted(mailbox.leftOut, 'item')}: private, or by the definition`],
      ['unreadable', mailbox.unreadable === 0 ? undefined : `${counted(mailbox.unreadable, 'item')} (lockstep mailbox unreadable ${address})`],
      ['folders not read', mailbox.failedFolders.map(({ path, error }) => `${pathText(path)}: ${error.message} → ${error.next} (${error.code})`)],
    ]),
  ].join('\n\n');
}

function featureText({ feature, state, error, task, ...status }: Feature): string {
  const shown = state ?? `${NO_GROUP} any more`;
  const style = stateStyle(shown);
  const text = fields([
    ['feature', feature],
    ['state', shown],
    ['reason', error === null ? undefined : `${error.message} (${error.code})`],
    ['next step', error?.next],
    [state === null ? 'last done by' : 'task', task],
    ['duplicate in', status.duplicateIn.length === 0 ? undefined : status.duplicateIn.join(', ')],
    ['first replication', status.firstDoneAt === null ? 'not complete' : `complete since ${localTime(status.firstDoneAt)}`],
    ['last success', localTime(status.lastSuccessAt)],
    ['behind', status.lagSeconds === null ? undefined : duration(status.lagSeconds * 1000)],
    ['last run', status.lastRun === null ? undefined : `#${status.lastRun.number}`],
  ]);
  return style === undefined ? text : text.replace(/^(.*\bstate\b.*?)(\S+)$/m, (_, before: string, word: string) => before + styled(style, word));
}

const words: Readonly<Record<Mailbox['work'][number]['state'], string>> = {
  listed: 'its turn has not come',
  reading: 'is being read',
  waiting: 'waits for another attempt',
  done: 'is done',
};
const workText = ({ run, task, state, error, pages, items }: Mailbox['work'][number]): string =>
  fields([
    ['open run', `#${run.number} of ${task}: ${words[state]}`],
    ['committed', pages === 0 ? undefined : `${counted(pages, 'page')}, ${counted(items, 'item')}`],
    ['because', error === null || state === 'done' ? undefined : clean(`${error.message} → ${error.next} (${error.code})`)],
  ]);
