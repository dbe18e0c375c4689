/** Attachments: their list in an item, and one with what it holds. */
import { attachmentId } from './ids.ts';
import type { SampleMailbox } from './mailbox.ts';
import type { Attachment, ItemRecord } from './model.ts';
import { element } from './xml-parts.ts';

/** All of an item, without their content. */
export const attachmentList = (item: ItemRecord, mailbox: SampleMailbox): string =>
  item.content.attachments.map((attachment, index) => `<t:${elementOf(attachment)}>${attachmentHead(item, mailbox, index)}</t:${elementOf(attachment)}>`).join('');

export const elementOf = ({ kind }: Attachment): string => (kind === 'file' ? 'FileAttachment' : 'ItemAttachment');

/** AttachmentType, without the element around it. */
export function attachmentHead(item: ItemRecord, mailbox: SampleMailbox, index: number): string {
  const attachment = item.content.attachments[index];
  if (attachment === undefined) return '';
  const id = `<t:AttachmentId Id="${attachmentId({ mailbox: mailbox.number, uid: item.uid, moves: item.moves, index })}"/>`;
  if (attachment.kind === 'message') return `${id}${element('Name', attachment.name)}<t:IsInline>false</t:IsInline>`;
  return (
    id + element('Name', attachment.name) + element('ContentType', attachment.contentType) + element('ContentId', attachment.inline) +
    element('Size', attachment.size) + element('IsInline', attachment.inline !== undefined)
  );
}
