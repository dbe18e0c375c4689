/** SearchExpressionType: the conditions with which clients find items, over the properties that they ask for most. */
import type { ItemRecord } from './model.ts';
import { extendedPath } from './shape.ts';
import { extendedValue } from './item-xml.ts';
import { EwsFault, type Xml } from './soap.ts';

export type Condition = (item: ItemRecord) => boolean;
type Value = string | number | undefined;

/** The condition of a Restriction. @throws EwsFault for what the sample does not know */
export function readCondition(expression: Xml | undefined): Condition {
  const parts = expression?.children() ?? [];
  switch (expression?.name) {
    case 'And': {
      const all = parts.map(readCondition);
      return (item) => all.every((holds) => holds(item));
    }
    case 'Or': {
      const any = parts.map(readCondition);
      return (item) => any.some((holds) => holds(item));
    }
    case 'Not': {
      const holds = readCondition(parts[0]);
      return (item) => !holds(item);
    }
    case 'Exists': {
      const of = property(parts[0]);
      return (item) => of(item) !== undefined;
    }
    case 'Contains':
      return contains(expression);
    case undefined:
    default:
      return comparison(expression);
  }
}

const comparisons: Readonly<Record<string, (one: string | number, other: string | number) => boolean>> = {
  IsEqualTo: (one, other) => one === other,
  IsNotEqualTo: (one, other) => one !== other,
  IsGreaterThan: (one, other) => one > other,
  IsGreaterThanOrEqualTo: (one, other) => one >= other,
  IsLessThan: (one, other) => one < other,
  IsLessThanOrEqualTo: (one, other) => one <= other,
};

function comparison(expression: Xml | undefined): Condition {
  const compare = comparisons[expression?.name ?? ''];
  const of = property(expression?.children()[0]);
  const constant = expression?.at('FieldURIOrConstant', 'Constant')?.attribute('Value');
  if (compare === undefined || constant === undefined) throw unsupported(expression?.name);
  return (item) => {
    const value = of(item);
    return value !== undefined && compare(value, typeof value === 'number' ? numberOf(constant) : constant);
  };
}

const numberOf = (constant: string): number => (/^-?\d+$/.test(constant) ? Number(constant) : Date.parse(constant));

function contains(expression: Xml): Condition {
  const of = property(expression.children()[0]);
  const exactly = expression.attribute('ContainmentComparison') === 'Exact';
  const fold = (text: string) => (exactly ? text : text.toLowerCase());
  const wanted = fold(expression.child('Constant')?.attribute('Value') ?? '');
  const mode = expression.attribute('ContainmentMode') ?? 'FullString';
  return (item) => {
    const value = of(item);
    if (typeof value !== 'string') return false;
    const text = fold(value);
    if (mode === 'FullString') return text === wanted;
    return mode.startsWith('Prefix') ? text.startsWith(wanted) : text.includes(wanted);
  };
}

const properties: Readonly<Record<string, (item: ItemRecord) => Value>> = {
  'item:Subject': ({ content }) => content.subject,
  'item:ItemClass': ({ itemClass }) => itemClass,
  'item:Sensitivity': ({ sensitivity }) => sensitivity,
  'item:Importance': ({ importance }) => importance,
  'item:Size': ({ size }) => size,
  'item:DateTimeReceived': ({ receivedAt }) => receivedAt?.getTime(),
  'item:DateTimeSent': ({ content }) => content.sentAt?.getTime(),
  'item:DateTimeCreated': ({ createdAt }) => createdAt.getTime(),
  'item:LastModifiedTime': ({ modifiedAt }) => modifiedAt.getTime(),
  'item:HasAttachments': ({ content }) => String(content.attachments.length > 0),
  'message:InternetMessageId': ({ content }) => content.messageId,
  'message:IsRead': ({ isRead }) => String(isRead),
};

/** What a FieldURI or ExtendedFieldURI gives of an item: times as milliseconds. @throws EwsFault */
export function property(path: Xml | undefined): (item: ItemRecord) => Value {
  if (path?.name === 'ExtendedFieldURI') {
    const extended = extendedPath(path);
    return (item) => extendedValue(extended, item);
  }
  const found = properties[path?.attribute('FieldURI') ?? ''];
  if (found === undefined) throw unsupported(path?.attribute('FieldURI') ?? path?.name);
  return found;
}

const unsupported = (what: string | undefined): EwsFault =>
  new EwsFault('ErrorUnsupportedPathForQuery', `The sample Exchange does not search by ${what ?? 'nothing'}.`);
