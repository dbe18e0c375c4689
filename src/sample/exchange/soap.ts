/** Requests as trees, answers as text. Reads with a parser of its own, so that the product's reader is checked by another. */
import { type Element, isTag } from 'domhandler';
import { parseDocument } from 'htmlparser2';

/** One element of a request, by names without their prefix. */
export class Xml {
  readonly #element: Element;

  constructor(element: Element) {
    this.#element = element;
  }

  get name(): string {
    return local(this.#element.name);
  }

  attribute(name: string): string | undefined {
    return this.#element.attribs[name];
  }

  /** The first child of that name. */
  child(name: string): Xml | undefined {
    return this.children().find((child) => child.name === name);
  }

  /** Along a path of first children. */
  at(...path: readonly string[]): Xml | undefined {
    return path.reduce<Xml | undefined>((element, name) => element?.child(name), this);
  }

  children(): Xml[] {
    return this.#element.children.filter(isTag).map((child) => new Xml(child));
  }

  text(): string {
    return this.#element.children.map((child) => ('data' in child ? String(child.data) : '')).join('');
  }
}

const local = (name: string): string => name.slice(name.indexOf(':') + 1);

/** Undefined when it is no SOAP envelope. */
export function readEnvelope(text: string): Xml | undefined {
  const root = parseDocument(text, { xmlMode: true, decodeEntities: true }).children.find(isTag);
  return root === undefined || local(root.name) !== 'Envelope' ? undefined : new Xml(root);
}

/** As .NET's XmlWriter, which lets references to characters pass that XML does not allow. */
export const escapeText = (text: string): string =>
  text.replace(
     
    /[&<>"\u0000-\u0008\u000b\u000c\u000e-\u001f]/g,
    (character) => named[character] ?? `&#x${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()};`,
  );
const named: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const namespaces =
  'xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"';

export const envelopeHead = (operation: string): string =>
  '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>' +
  '<h:ServerVersionInfo MajorVersion="15" MinorVersion="2" MajorBuildNumber="2562" MinorBuildNumber="17" Version="V2017_07_11"' +
  ' xmlns:h="http://schemas.microsoft.com/exchange/services/2006/types"/></s:Header>' +
  `<s:Body xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><m:${operation}Response ${namespaces}><m:ResponseMessages>`;
export const envelopeTail = (operation: string): string => `</m:ResponseMessages></m:${operation}Response></s:Body></s:Envelope>`;

/** What an operation refuses, by Exchange's code for it. */
export class EwsFault extends Error {
  override readonly name = 'EwsFault';
  readonly code: string;
  readonly backOffMs: number | undefined;
  constructor(code: string, message: string, backOffMs?: number) {
    super(message);
    this.code = code;
    this.backOffMs = backOffMs;
  }
}

/** One message in error. `MessageXml` holds the back-off, as ErrorServerBusy has it. */
export const failedMessage = (operation: string, { code, message, backOffMs }: EwsFault, content = ''): string =>
  `<m:${operation}ResponseMessage ResponseClass="Error"><m:MessageText>${escapeText(message)}</m:MessageText><m:ResponseCode>${code}</m:ResponseCode>` +
  `<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>${backOffMs === undefined ? '' : `<m:MessageXml>${backOff(backOffMs)}</m:MessageXml>`}${content}` +
  `</m:${operation}ResponseMessage>`;

const backOff = (ms: number): string =>
  `<t:Value xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" Name="BackOffMilliseconds">${ms}</t:Value>`;

/** SOAP 1.1 §4.4, with the detail that Exchange adds; sent with HTTP 500. */
export const soapFault = ({ code, message, backOffMs }: EwsFault): string =>
  '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>' +
  `<faultcode xmlns:a="http://schemas.microsoft.com/exchange/services/2006/types">a:${code}</faultcode>` +
  `<faultstring xml:lang="en-US">${escapeText(message)}</faultstring><detail>` +
  `<e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">${code}</e:ResponseCode>` +
  `<e:Message xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">${escapeText(message)}</e:Message>` +
  `${backOffMs === undefined ? '' : `<t:MessageXml xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">${backOff(backOffMs)}</t:MessageXml>`}` +
  '</detail></s:Fault></s:Body></s:Envelope>';
