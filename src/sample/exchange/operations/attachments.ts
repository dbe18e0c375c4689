/** GetAttachment, CreateAttachment, DeleteAttachment. */
import { attachmentHead, elementOf } from '../attachment-xml.ts';
import { givenAttachment } from '../given-item.ts';
import { attachmentId, itemId, readAttachmentId } from '../ids.ts';
import { sizeOf } from '../message-text.ts';
import { writeMime } from '../mime-writer.ts';
import type { Attachment, ItemRecord } from '../model.ts';
import { readShape } from '../shape.ts';
import { EwsFault, failedMessage, type Xml } from '../soap.ts';
import { element, itemChangeKey } from '../xml-parts.ts';
import { each } from './answers.ts';
import { base64 } from './base64.ts';
import { type Context, itemOf, type Operation } from './context.ts';

export const getAttachment: Operation = function* (request, context) {
  const shape = readShape(request.child('AttachmentShape'));
  for (const reference of request.child('AttachmentIds')?.children() ?? []) {
    try {
      const { item, index, attachment } = attachmentOf(reference, context);
      yield `<m:GetAttachmentResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:Attachments><t:${elementOf(attachment)}>` +
        attachmentHead(item, context.mailbox, index);
      if (attachment.kind === 'file') {
        yield '<t:Content>';
        yield* base64(attachment.bytes());
        yield '</t:Content>';
      } else {
        yield '<t:Message>';
        if (shape.mime) {
          yield '<t:MimeContent CharacterSet="UTF-8">';
          yield* base64(writeMime(attachment.message));
          yield '</t:MimeContent>';
        }
        yield `<t:ItemClass>IPM.Note</t:ItemClass>${element('Subject', attachment.message.subject)}</t:Message>`;
      }
      yield `</t:${elementOf(attachment)}></m:Attachments></m:GetAttachmentResponseMessage>`;
    } catch (error) {
      if (!(error instanceof EwsFault)) throw error;
      yield failedMessage('GetAttachment', error, '<m:Attachments/>');
    }
  }
};

export const createAttachment: Operation = (request, context) => {
  const parent = request.child('ParentItemId');
  if (parent === undefined) throw new EwsFault('ErrorInvalidIdEmpty', 'Id must be non-empty.');
  return each('CreateAttachment', request.child('Attachments')?.children() ?? [], '<m:Attachments/>', (given) => {
    const item = withAttachments(itemOf(parent, context), context, (attachments) => [...attachments, givenAttachment(given, new Date())]);
    const { mailbox } = context;
    const id = attachmentId({ mailbox: mailbox.number, uid: item.uid, moves: item.moves, index: item.content.attachments.length - 1 });
    const root = itemId({ mailbox: mailbox.number, uid: item.uid, moves: item.moves });
    return (
      `<m:Attachments><t:${given.name}><t:AttachmentId Id="${id}" RootItemId="${root}" RootItemChangeKey="${itemChangeKey(mailbox, item)}"/></t:${given.name}></m:Attachments>`
    );
  });
};

export const deleteAttachment: Operation = (request, context) =>
  each('DeleteAttachment', request.child('AttachmentIds')?.children() ?? [], '', (reference) => {
    const { item, index } = attachmentOf(reference, context);
    const changed = withAttachments(item, context, (attachments) => attachments.filter((_, at) => at !== index));
    const root = itemId({ mailbox: context.mailbox.number, uid: item.uid, moves: item.moves });
    return `<m:RootItemId RootItemId="${root}" RootItemChangeKey="${itemChangeKey(context.mailbox, changed)}"/>`;
  });

function withAttachments(item: ItemRecord, { mailbox }: Context, change: (attachments: readonly Attachment[]) => readonly Attachment[]): ItemRecord {
  const content = { ...item.content, attachments: change(item.content.attachments) };
  return mailbox.changeItem(item.uid, { content, size: sizeOf(content) });
}

/** @throws EwsFault */
function attachmentOf(reference: Xml, { mailbox }: Context): { item: ItemRecord; index: number; attachment: Attachment } {
  const place = readAttachmentId(reference.attribute('Id') ?? '');
  if (place === undefined) throw new EwsFault('ErrorInvalidAttachmentId', 'The attachment id is invalid.');
  const item = place.mailbox === mailbox.number ? mailbox.item(place.uid, place.moves) : undefined;
  const attachment = item?.content.attachments[place.index];
  if (item === undefined || attachment === undefined) throw new EwsFault('ErrorItemNotFound', 'The specified object was not found in the store.');
  return { item, index: place.index, attachment };
}
