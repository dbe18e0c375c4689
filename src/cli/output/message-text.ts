/** One item with what it was and where it was, for people. */
import type { Message } from '../../api/schemas/mailboxes.ts';
import { pathText } from '../folder-reference.ts';
import { fields } from './fields.ts';
import { viewLine } from './folder-text.ts';
import { byteSize } from './numbers.ts';
import { section } from './person-text.ts';
import { localTime } from './times.ts';

type Moment = Message['versions'][number]['since'];
type Properties = NonNullable<Message['versions'][number]['properties']>;
type Person = NonNullable<Message['from']>;

const personText = ({ name, address }: Person): string => (name === '' || name === address ? address : address === '' ? name : `${name} <${address}>`);
const optionalTime = (at: string | null): string | undefined => (at === null ? undefined : localTime(at));
const momentText = ({ pass, at }: Moment): string => `pass ${pass}, ${at === null ? 'under way' : localTime(at)}`;
const span = ({ since, until }: { readonly since: Moment; readonly until: Moment | null }): string =>
  `from ${momentText(since)}${until === null ? '' : ` until ${momentText(until)}`}`;

const contents: Readonly<Record<Message['content'], string>> = {
  wanted: 'not read yet',
  stored: 'in the archive',
  unreadable: 'could not be read, and is tried again',
  'not-wanted': 'not kept: the item is left out',
};

/** Times are of passes over the mailbox: a change took place between the pass before and the one that is named. */
export function messageText(message: Message): string {
  const there = message.placements.filter(({ until }) => until === null);
  return [
    viewLine(message.at),
    fields([
      ['subject', message.subject === '' ? '(no subject)' : message.subject],
      ['from', message.from === null ? undefined : personText(message.from)],
      ['to', message.to.map(personText)],
      ['cc', message.cc.map(personText)],
      ['bcc', message.bcc.map(personText)],
      ['sent', optionalTime(message.sentAt)],
      ['received', optionalTime(message.receivedAt)],
      ['created', optionalTime(message.createdAt)],
      ['changed', optionalTime(message.modifiedAt)],
      ['folder', there.length === 0 ? 'none any more' : there.map(({ path }) => pathText(path))],
      ['class', message.itemClass],
      ['size', byteSize(message.size)],
      ['read', message.isRead ? 'yes' : 'no'],
      ['draft', message.isDraft ? 'yes' : undefined],
      ['attachments', message.hasAttachments ? 'yes' : undefined],
      ['flag', message.flag === 'none' ? undefined : message.flag],
      ['importance', message.importance === 'normal' ? undefined : message.importance],
      ['sensitivity', message.sensitivity === 'normal' ? undefined : message.sensitivity],
      ['categories', message.categories.join(', ')],
      ['Message-ID', message.messageId ?? undefined],
      ['in reply to', message.inReplyTo ?? undefined],
      ['content', contents[message.content]],
      ['id', message.id],
      ['Exchange id', message.sourceId],
    ]),
    section('Where it was', message.placements.map((place) => `${pathText(place.path)}: ${span(place)}${place.reason === null ? '' : ` (${place.reason})`}`)),
    section('What it was', message.versions.map((version, at) => versionText(version, message.versions[at + 1]))),
  ].join('\n\n');
}

function versionText(version: Message['versions'][number], before: Message['versions'][number] | undefined): string {
  const what = version.leftOut !== null ? `left out (${version.leftOut})` : before === undefined ? 'first read' : changesText(version.properties, before.properties);
  return `${span(version)}: ${what}`;
}

/** What differs from the version before. */
function changesText(now: Properties | null, before: Properties | null): string {
  if (now === null || before === null) return 'kept again';
  const differing = (Object.keys(now) as (keyof Properties)[]).filter((key) => JSON.stringify(now[key]) !== JSON.stringify(before[key]));
  const named = differing.filter((key) => key !== 'modifiedAt');
  const shown = (key: keyof Properties): string => {
    const [was, is] = [valueText(before[key]), valueText(now[key])];
    return was === undefined || is === undefined ? key : `${key}: ${was} → ${is}`;
  };
  return named.length === 0 ? 'changed' : named.map(shown).join(', ');
}

/** Undefined: it takes too much room. */
function valueText(value: Properties[keyof Properties]): string | undefined {
  if (value === null || value === '') return 'none';
  if (!Array.isArray(value)) return typeof value === 'object' ? personText(value) : String(value);
  if (value.length === 0) return 'none';
  return value.every((each) => typeof each === 'string') ? value.join(', ') : undefined;
}
