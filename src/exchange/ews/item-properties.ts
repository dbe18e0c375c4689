/** The metadata of items, as GetItem gives it. */
import type { LockstepError } from '../../shared/errors.ts';
import type { FlagState, Importance, ItemEntry, ItemProperties, MailAddress, Sensitivity, SourceItemId } from '../../shared/mailbox.ts';
import { ItemFailures } from './item-operations.ts';
import { searchKey, sourceKey } from './mapi-properties.ts';
import { RecordHandler } from './record-handler.ts';

/** FieldURIs (UnindexedFieldURIType). What an item's class does not have is left out of the answer. */
export const metadataFields = [
  'item:ItemClass',
  'item:Subject',
  'item:Sensitivity',
  'item:DateTimeReceived',
  'item:Size',
  'item:Categories',
  'item:Importance',
  'item:InReplyTo',
  'item:IsDraft',
  'item:DateTimeSent',
  'item:DateTimeCreated',
  'item:HasAttachments',
  'item:LastModifiedTime',
  'item:ConversationId',
  'item:Flag',
  'message:From',
  'message:Sender',
  'message:ToRecipients',
  'message:CcRecipients',
  'message:BccRecipients',
  'message:InternetMessageId',
  'message:IsRead',
] as const;
export const metadataTags = [searchKey, sourceKey] as const;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
interface OpenItem {
  readonly element: string;
  id: string;
  changeKey: string;
  readonly keys: Map<number, string>;
  sender: MailAddress | null;
  readonly categories: string[];
  readonly to: MailAddress[];
  readonly cc: MailAddress[];
  readonly bcc: MailAddress[];
  readonly properties: Mutable<Omit<ItemProperties, 'to' | 'cc' | 'bcc' | 'categories'>>;
}

const begin = (element: string): OpenItem => ({
  element,
  id: '',
  changeKey: '',
  keys: new Map(),
  sender: null,
  categories: [],
  to: [],
  cc: [],
  bcc: [],
  properties: {
    itemClass: '',
    subject: '',
    from: null,
    sentAt: null,
    receivedAt: null,
    createdAt: null,
    modifiedAt: null,
    size: 0,
    sensitivity: 'normal',
    importance: 'normal',
    isRead: true,
    isDraft: false,
    hasAttachments: false,
    flag: 'none',
    messageId: null,
    inReplyTo: null,
    conversationId: null,
  },
});

const recipientLists = new Set(['From', 'Sender', 'ToRecipients', 'CcRecipients', 'BccRecipients']);

export class MetadataHandler extends RecordHandler {
  readonly failures = new ItemFailures();
  readonly items: ItemEntry[] = [];
  #inItems = false;
  #item: OpenItem | undefined;
  #list: string | undefined;
  #name = '';
  #address = '';
  #property: number | undefined;

  constructor() {
    super([
      'ItemClass', 'Subject', 'Sensitivity', 'DateTimeReceived', 'Size', 'String', 'Importance', 'InReplyTo', 'IsDraft', 'DateTimeSent',
      'DateTimeCreated', 'HasAttachments', 'LastModifiedTime', 'FlagStatus', 'Name', 'EmailAddress', 'InternetMessageId', 'IsRead', 'Value',
    ]);
  }

  message(failure: LockstepError | undefined): void {
    this.failures.message(failure);
  }

  protected override opened(name: string, attribute: (name: string) => string | undefined): void {
    const item = this.#item;
    if (name === 'Items') this.#inItems = true;
    else if (item === undefined) {
      // Message, Contact, CalendarItem …: whatever the item's class, what is the same has the same name.
      if (this.#inItems) this.#item = begin(name);
    } else if (name === 'ItemId') {
      item.id = attribute('Id') ?? '';
      item.changeKey = attribute('ChangeKey') ?? '';
    } else if (name === 'ConversationId') item.properties.conversationId = attribute('Id') ?? null;
    else if (name === 'ExtendedFieldURI') this.#property = Number(attribute('PropertyTag') ?? Number.NaN);
    else if (recipientLists.has(name)) this.#list = name;
  }

  protected override value(name: string, text: string): void {
    const item = this.#item;
    if (item === undefined) return;
    const { properties } = item;
    switch (name) {
      case 'Name':
        this.#name = text;
        break;
      case 'EmailAddress':
        this.#address = text;
        break;
      case 'Value':
        if (this.#property !== undefined) item.keys.set(this.#property, text);
        break;
      case 'String':
        item.categories.push(text);
        break;
      case 'FlagStatus':
        properties.flag = flags[text] ?? 'none';
        break;
      case 'Sensitivity':
        properties.sensitivity = text.toLowerCase() as Sensitivity;
        break;
      case 'Importance':
        properties.importance = text.toLowerCase() as Importance;
        break;
      case 'Size':
        properties.size = Number(text);
        break;
      default:
        setText(properties, name, text);
    }
  }

  protected override closed(name: string): void {
    const item = this.#item;
    if (name === 'Items') this.#inItems = false;
    if (item === undefined) return;
    if (name === 'Mailbox') this.#addAddress(item);
    else if (name === 'ExtendedProperty') this.#property = undefined;
    else if (name === this.#list) this.#list = undefined;
    else if (name === item.element) {
      this.#item = undefined;
      this.items.push(entry(item));
    }
  }

  #addAddress(item: OpenItem): void {
    const address: MailAddress = { name: this.#name, address: this.#address.includes('@') ? this.#address.toLowerCase() : this.#address };
    this.#name = '';
    this.#address = '';
    if (this.#list === 'From') item.properties.from = address;
    else if (this.#list === 'Sender') item.sender = address;
    else if (this.#list === 'ToRecipients') item.to.push(address);
    else if (this.#list === 'CcRecipients') item.cc.push(address);
    else if (this.#list === 'BccRecipients') item.bcc.push(address);
  }
}

const flags: Readonly<Record<string, FlagState>> = { Flagged: 'flagged', Complete: 'complete', NotFlagged: 'none' };

function setText(properties: OpenItem['properties'], name: string, text: string): void {
  if (name === 'ItemClass') properties.itemClass = text;
  else if (name === 'Subject') properties.subject = text;
  else if (name === 'DateTimeReceived') properties.receivedAt = text;
  else if (name === 'DateTimeSent') properties.sentAt = text;
  else if (name === 'DateTimeCreated') properties.createdAt = text;
  else if (name === 'LastModifiedTime') properties.modifiedAt = text;
  else if (name === 'InReplyTo') properties.inReplyTo = text;
  else if (name === 'InternetMessageId') properties.messageId = text;
  else if (name === 'IsDraft') properties.isDraft = text === 'true';
  else if (name === 'HasAttachments') properties.hasAttachments = text === 'true';
  else if (name === 'IsRead') properties.isRead = text === 'true';
}

const entry = (item: OpenItem): ItemEntry => ({
  id: item.id as SourceItemId,
  changeKey: item.changeKey,
  searchKey: item.keys.get(Number(searchKey.tag)) ?? null,
  sourceKey: item.keys.get(Number(sourceKey.tag)) ?? null,
  properties: {
    ...item.properties,
    from: item.properties.from ?? item.sender,
    to: item.to,
    cc: item.cc,
    bcc: item.bcc,
    categories: item.categories,
  },
});
