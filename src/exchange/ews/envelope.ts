/** Requests of Exchange Web Services: SOAP 1.1 with the headers that every call has. */
import { escapeXml } from './xml-text.ts';

/** What all servers from Exchange 2013 SP1 on understand. */
const SCHEMA_VERSION = 'Exchange2013_SP1';

/**
 * The body in its envelope; `mailbox`: primary SMTP address of the mailbox that the call is about, whom the account impersonates; null:
 * as the account itself.
 */
export const envelope = (mailbox: string | null, body: string): string =>
  '<?xml version="1.0" encoding="utf-8"?>' +
  '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"' +
  ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"' +
  ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages">' +
  `<soap:Header><t:RequestServerVersion Version="${SCHEMA_VERSION}"/>` +
  `${mailbox === null ? '' : `<t:ExchangeImpersonation><t:ConnectingSID><t:SmtpAddress>${escapeXml(mailbox)}</t:SmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>`}` +
  `</soap:Header><soap:Body>${body}</soap:Body></soap:Envelope>`;

/** A property of MAPI, by tag and type. */
export interface PropertyTag {
  readonly tag: `0x${string}`;
  readonly type: 'Binary' | 'Boolean' | 'Integer' | 'Long' | 'String' | 'SystemTime';
}

export const fieldUris = (names: readonly string[], tags: readonly PropertyTag[]): string =>
  names.map((name) => `<t:FieldURI FieldURI="${name}"/>`).join('') +
  tags.map(({ tag, type }) => `<t:ExtendedFieldURI PropertyTag="${tag}" PropertyType="${type}"/>`).join('');

export const itemIds = (ids: readonly string[]): string => ids.map((id) => `<t:ItemId Id="${escapeXml(id)}"/>`).join('');
