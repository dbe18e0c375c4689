import fc from 'fast-check';
import { Parser } from 'htmlparser2';
import { MalformedXmlError, type XmlHandler, XmlScanner } from './xml-scanner.ts';
import { escapeXml } from './xml-text.ts';

/** Events with the pieces of a text joined, since where it is cut is nobody's business. */
class Events implements XmlHandler {
  readonly list: string[] = [];
  #text = '';
  #flush() {
    if (this.#text !== '') this.list.push(`text ${this.#text}`);
    this.#text = '';
  }
  open(name: string, attribute: (name: string) => string | undefined) {
    this.#flush();
    this.list.push(`open ${name} Id=${attribute('Id') ?? '-'} ChangeKey=${attribute('ChangeKey') ?? '-'}`);
  }
  text(text: string) {
    this.#text += text;
  }
  close(name: string) {
    this.#flush();
    this.list.push(`close ${name}`);
  }
}

function scan(document: string | Buffer, cuts: readonly number[] = []): string[] {
  const bytes = Buffer.from(document as string);
  const events = new Events();
  const scanner = new XmlScanner(events);
  let from = 0;
  for (const cut of [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    scanner.write(bytes.subarray(from, Math.max(from, cut)));
    from = Math.max(from, cut);
  }
  scanner.end();
  return events.list;
}

/** An independent parser that is as tolerant. */
function reference(document: string): string[] {
  const events = new Events();
  const local = (name: string) => name.slice(name.indexOf(':') + 1);
  let depth = 0;
  const parser = new Parser(
    {
      onopentag: (name, attributes) => {
        depth += 1;
        events.open(local(name), (wanted) => attributes[wanted]);
      },
      ontext: (text) => depth > 0 && events.text(text),
      onclosetag: (name) => {
        depth -= 1;
        events.close(local(name));
      },
    },
    { xmlMode: true, decodeEntities: true },
  );
  parser.write(document);
  parser.end();
  return events.list;
}

const text = fc.string({ unit: fc.constantFrom('a', 'é', '✓', '𝄞', '&', '<', '>', '"', "'", ';', '#', 'x', ' ', '\n'), maxLength: 20 });
const name = fc.constantFrom('Envelope', 't:ItemId', 'm:Message', 'Subject', 't:Body');
const attributes = fc.record({ Id: fc.option(text, { nil: undefined }), ChangeKey: fc.option(text, { nil: undefined }), 'xsi:type': fc.option(text, { nil: undefined }) });
const element = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text.map(escapeXml),
    fc.constant('<!-- a > "comment" -->'),
    fc.tuple(name, attributes, fc.constantFrom('"', "'"), fc.array(tie('node'), { maxLength: 4 })).map(([tag, given, quote, children]) => {
      const written = Object.entries(given).flatMap(([key, value]) =>
        value === undefined ? [] : [` ${key}=${quote}${escapeXml(value).replaceAll("'", '&apos;')}${quote}`],
      );
      return children.length === 0 ? `<${tag}${written.join('')}/>` : `<${tag}${written.join('')}>${children.join('')}</${tag}>`;
    }),
  ),
})).node;
const document = fc.tuple(fc.constantFrom('', '<?xml version="1.0" encoding="utf-8"?>'), fc.array(element, { maxLength: 6 })).map(
  ([declaration, children]) => `${declaration}<soap:Envelope xmlns:soap="x">${children.join('')}</soap:Envelope>`,
);

test('any document is read as an independent parser reads it, wherever it is cut', () => {
  fc.assert(
    fc.property(document, fc.array(fc.nat(2000), { maxLength: 6 }), (written, cuts) => {
      expect(scan(written, cuts)).toEqual(reference(written));
    }),
    { numRuns: 500 },
  );
});

test('a document that is cut off is never taken for whole', () => {
  fc.assert(
    fc.property(document, fc.nat(), (written, cut) => {
      const bytes = Buffer.from(written);
      const end = bytes.lastIndexOf('>');
      expect(() => scan(bytes.subarray(0, cut % end))).toThrow(MalformedXmlError);
    }),
    { numRuns: 300 },
  );
});

test('references to characters that XML does not allow keep the rest of the page', () => {
  expect(scan('<a><s>x&#x1F;y&#11;</s><s>&#x0;&#xD800;&#x110000;&amp;#x1F;</s></a>')).toEqual([
    'open a Id=- ChangeKey=-',
    'open s Id=- ChangeKey=-',
    'text x\u001fy\u000b',
    'close s',
    'open s Id=- ChangeKey=-',
    'text \ufffd\ufffd\ufffd&#x1F;',
    'close s',
    'close a',
  ]);
});

test('CDATA is text as it stands', () => {
  expect(scan('<a><![CDATA[<b>&amp;]]></a>')).toEqual(['open a Id=- ChangeKey=-', 'text <b>&amp;', 'close a']);
});

test.each([
  ['crossed tags', '<a><b></a></b>'],
  ['a document type', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
  ['two roots', '<a/><b/>'],
  ['nothing', ''],
  ['text only', 'Gateway timeout'],
])('%s: refused', (_, written) => {
  expect(() => scan(written)).toThrow(MalformedXmlError);
});

test('text that nobody wants is not handed on, and long text is, piece by piece', () => {
  let wanted = false;
  const pieces: number[] = [];
  const scanner = new XmlScanner(
    {
      open: (name) => {
        wanted = name === 'MimeContent';
      },
      text: (piece) => pieces.push(piece.length),
      close: () => {
        wanted = false;
      },
    },
    () => wanted,
  );
  scanner.write(Buffer.from('<a><x>unwanted</x><MimeContent>'));
  for (let piece = 0; piece < 4; piece += 1) scanner.write(Buffer.alloc(100_000, 'A'));
  scanner.write(Buffer.from('</MimeContent></a>'));
  scanner.end();
  expect(pieces).toEqual([100_000, 100_000, 100_000, 100_000]);
});
