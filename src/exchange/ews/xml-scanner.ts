/**
 * Reads XML as it arrives, in pieces of any size, and holds no more of it than one tag.
 *
 * Tolerant where Exchange is careless and strict parsers lose a whole page: it writes references to characters that XML 1.0 does not
 * allow (`&#x1F;`, from a subject that holds control characters). Strict in everything else, since what follows an error in the
 * structure would be misread: tags must be nested, and the document must end.
 *
 * Knows what servers of SOAP write (SOAP 1.1 §3: no document type): elements, attributes, text, references, CDATA, comments.
 * Proved against an independent parser by xml-scanner.test.ts.
 */
import { StringDecoder } from 'node:string_decoder';
import { unescapeXml } from './xml-text.ts';

/** Names without their prefix. Text may come in several pieces. */
export interface XmlHandler {
  open(name: string, attribute: (name: string) => string | undefined): void;
  text(text: string): void;
  close(name: string): void;
}

/** The document is not what an XML writer writes, or it was cut off. */
export class MalformedXmlError extends Error {
  override readonly name = 'MalformedXmlError';
}

/** Exchange's longest tags hold an id of some 500 characters. */
const LONGEST_TAG = 64 * 1024;
/** `&#x10FFFF;` */
const LONGEST_REFERENCE = 10;

export class XmlScanner {
  readonly #handler: XmlHandler;
  readonly #wantsText: () => boolean;
  readonly #decoder = new StringDecoder('utf8');
  readonly #localNames = new Map<string, string>();
  readonly #open: string[] = [];
  #rest = '';
  #begun = false;

  /** `wantsText`: asked before text is handed on, so that text which nobody wants costs nothing. */
  constructor(handler: XmlHandler, wantsText: () => boolean = () => true) {
    this.#handler = handler;
    this.#wantsText = wantsText;
  }

  /** @throws MalformedXmlError */
  write(chunk: Buffer): void {
    const added = this.#decoder.write(chunk);
    this.#scan(this.#rest === '' ? added : this.#rest + added);
  }

  /** @throws MalformedXmlError when the document is not complete */
  end(): void {
    if (!this.#begun || this.#open.length > 0 || this.#rest.includes('<')) throw new MalformedXmlError('the document ends in its middle');
  }

  #scan(text: string): void {
    let at = 0;
    for (;;) {
      const tag = text.indexOf('<', at);
      if (tag < 0) break;
      const after = this.#markup(text, tag, at);
      if (after < 0) {
        this.#rest = text.slice(at);
        if (text.length - tag > LONGEST_TAG) throw new MalformedXmlError('a tag does not end');
        return;
      }
      at = after;
    }
    this.#rest = this.#startOfText(text, at);
  }

  /** Handles the markup at `tag` and the text before it. Gives where it ends; negative: not all of it is there yet. */
  #markup(text: string, tag: number, textFrom: number): number {
    if (text.startsWith('<!', tag)) return this.#declaration(text, tag, textFrom);
    const end = endOfTag(text, tag + 1);
    if (end < 0) return -1;
    this.#textBetween(text, textFrom, tag);
    switch (text.charCodeAt(tag + 1)) {
      case 0x2f: // '/'
        this.#closed(this.#local(text.slice(tag + 2, end).trimEnd()));
        break;
      case 0x3f: // '?': the XML declaration
        break;
      default:
        this.#opened(text, tag + 1, end);
    }
    return end + 1;
  }

  /** Comment or CDATA; a document type could define entities, and no SOAP message has one. */
  #declaration(text: string, tag: number, textFrom: number): number {
    for (const { begin, close, isText } of declarations) {
      if (!text.startsWith(begin, tag)) {
        if (text.length - tag < begin.length && begin.startsWith(text.slice(tag))) return -1;
        continue;
      }
      const end = text.indexOf(close, tag + begin.length);
      if (end < 0) return -1;
      this.#textBetween(text, textFrom, tag);
      if (isText && this.#open.length > 0 && this.#wantsText()) this.#handler.text(text.slice(tag + begin.length, end));
      return end + close.length;
    }
    throw new MalformedXmlError('a declaration in the middle of a message');
  }

  #opened(text: string, from: number, end: number): void {
    const empty = text.charCodeAt(end - 1) === 0x2f;
    const tag = text.slice(from, empty ? end - 1 : end);
    const space = firstSpace(tag);
    const name = this.#local(space < 0 ? tag : tag.slice(0, space));
    if (this.#open.length === 0 && this.#begun) throw new MalformedXmlError('something follows the end of the document');
    this.#begun = true;
    this.#open.push(name);
    this.#handler.open(name, (attribute) => (space < 0 ? undefined : attributeOf(tag, attribute)));
    if (empty) this.#closed(name);
  }

  #closed(name: string): void {
    if (this.#open.pop() !== name) throw new MalformedXmlError('tags are not nested');
    this.#handler.close(name);
  }

  #textBetween(text: string, from: number, to: number): void {
    if (to > from && this.#open.length > 0 && this.#wantsText()) this.#handler.text(unescapeXml(text.slice(from, to)));
  }

  /** Hands on what there is of a text, so that memory stays flat whatever its length. Gives what may be a part of a reference. */
  #startOfText(text: string, from: number): string {
    const ampersand = text.lastIndexOf('&');
    const open = ampersand >= from && text.length - ampersand < LONGEST_REFERENCE && !text.includes(';', ampersand);
    const to = open ? ampersand : text.length;
    this.#textBetween(text, from, to);
    return text.slice(to);
  }

  #local(qualified: string): string {
    const known = this.#localNames.get(qualified);
    if (known !== undefined) return known;
    const local = qualified.slice(qualified.indexOf(':') + 1);
    this.#localNames.set(qualified, local);
    return local;
  }
}

const declarations = [
  { begin: '<!--', close: '-->', isText: false },
  { begin: '<![CDATA[', close: ']]>', isText: true },
] as const;

/** Index of the `>` that ends a tag: one inside a quoted value does not. Negative: it has not arrived. */
function endOfTag(text: string, from: number): number {
  // A closing tag has no values.
  if (text.charCodeAt(from) === 0x2f) return text.indexOf('>', from);
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x3e) return at;
    if (code !== 0x22 && code !== 0x27) continue;
    at = text.indexOf(code === 0x22 ? '"' : "'", at + 1);
    if (at < 0) return -1;
  }
  return -1;
}

function firstSpace(tag: string): number {
  for (let at = 0; at < tag.length; at += 1) {
    const code = tag.charCodeAt(at);
    if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) return at;
  }
  return -1;
}

const attributePattern = /\s([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

function attributeOf(tag: string, wanted: string): string | undefined {
  // Written by .NET, nearly always like this.
  const at = tag.indexOf(` ${wanted}="`);
  if (at >= 0 && !tag.slice(0, at).includes('"')) {
    const from = at + wanted.length + 3;
    return unescapeXml(tag.slice(from, tag.indexOf('"', from)));
  }
  for (const [, name, double, single] of tag.matchAll(attributePattern)) if (name === wanted) return unescapeXml(double ?? single ?? '');
  return undefined;
}
