import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { type MimeContent, readMimeContent } from './mime-content.ts';

const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');
/** In pieces of any size, as it arrives. */
function inPieces(message: Buffer, size: number): Readable {
  const pieces: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) pieces.push(message.subarray(at, at + size));
  return Readable.from(pieces);
}
const read = (message: string | Buffer, size = 1000): Promise<MimeContent> => readMimeContent(inPieces(Buffer.from(message), size));
const base64Lines = (bytes: Buffer, width = 76) => bytes.toString('base64').replace(new RegExp(`(.{${width}})(?!$)`, 'g'), '$1\r\n');

const file = Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7) % 256));
const multipart = (boundary: string, parts: readonly string[]) => `Content-Type: multipart/mixed; boundary="${boundary}"\r\n\r\n--${boundary}\r\n${parts.join(`\r\n--${boundary}\r\n`)}\r\n--${boundary}--\r\n`;
const textPart = 'Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=DFe, soft=\r\n line';
const filePart = (base64 = base64Lines(file)) =>
  `Content-Type: application/pdf; name="=?utf-8?B?${Buffer.from('Angebot é.pdf').toString('base64')}?="\r\nContent-ID: <image1@x>\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64}\r\n`;
const message = (boundary: string) => `Subject: s\r\n${multipart(boundary, [textPart, filePart()])}`;

test.each([1, 7, 100, 100_000])('parts are told with what their headers say, in pieces of %d bytes', async (size) => {
  const text = message('b1');
  const { parts, bytes, digest } = await read(text, size);
  expect(bytes).toBe(text.length);
  expect(parts).toMatchObject([
    { number: 1, contentType: 'text/plain', charset: 'iso-8859-1', name: null, disposition: null, contentId: null, base64: null },
    { number: 2, contentType: 'application/pdf', name: 'Angebot é.pdf', disposition: 'attachment', contentId: 'image1@x', bytes: file.length },
  ]);
  expect(parts[0]?.sha256.toString('hex')).toBe(sha256(Buffer.from('Grüße, soft line', 'latin1')));
  expect(parts[1]?.sha256.toString('hex')).toBe(sha256(file));
  const base64 = parts[1]?.base64;
  expect(text.slice(base64?.at, (base64?.at ?? 0) + (base64?.length ?? 0))).toBe(base64Lines(file));
  expect(digest?.toString('hex')).toBe(
    sha256(`lockstep-content-1\ntext/plain ${sha256(Buffer.from('Grüße, soft line', 'latin1'))}\napplication/pdf ${sha256(file)}\n`),
  );
});

test('other boundaries, encodings and line ends of base64 give the same digest; a changed byte another', async () => {
  const { digest } = await read(message('b1'));
  expect((await read(message('another'))).digest).toEqual(digest);
  const wide = await read(`Subject: s\r\n${multipart('b', [textPart, filePart(base64Lines(file, 64))])}`);
  expect(wide.digest).toEqual(digest);
  expect(wide.parts[1]?.base64).toBeNull();
  expect((await read(message('b1').replace('soft', 'hard'))).digest).not.toEqual(digest);
});

test('a message in a message is one part, and its boundaries do not matter either', async () => {
  const forwarded = (inner: string) => `${multipart('outer', ['\r\nsee below', `Content-Type: message/rfc822\r\nContent-Disposition: attachment; filename=m.eml\r\n\r\n${message(inner)}`])}`;
  const one = await read(forwarded('b1'));
  expect(one.parts.map(({ contentType, name }) => [contentType, name])).toEqual([['text/plain', null], ['message/rfc822', 'm.eml']]);
  expect(one.parts[1]?.sha256.toString('hex')).toBe(sha256(message('b1')));
  const other = await read(forwarded('b2'));
  expect(other.digest).toEqual(one.digest);
  expect((await read(forwarded('b1').replace('soft', 'hard'))).digest).not.toEqual(one.digest);
});

test.each([
  ['nothing', '', ['text/plain']],
  ['headers only', 'Subject: x', ['text/plain']],
  ['a multipart without boundary', 'Content-Type: multipart/mixed\r\n\r\nsomething', ['multipart/mixed']],
  ['a boundary that never comes', 'Content-Type: multipart/mixed; boundary=x\r\n\r\nsomething', ['message/rfc822']],
])('%s is no trouble', async (_, text, types) => {
  expect((await read(text)).parts.map(({ contentType }) => contentType)).toEqual(types);
});

test.each([
  ['text/vcard', 'BEGIN:VCARD\r\nFN:Ann\r\nEND:VCARD\r\n'],
  ['text/calendar', 'BEGIN:VCALENDAR\r\nMETHOD:PUBLISH\r\nEND:VCALENDAR\r\n'],
])('a %s is one part, whose lines are no headers', async (contentType, text) => {
  for (const size of [1, 1000]) {
    const { parts, digest } = await read(text, size);
    expect(parts).toMatchObject([{ number: 1, contentType, bytes: text.length }]);
    expect(parts[0]?.sha256.toString('hex')).toBe(sha256(text));
    expect(digest?.toString('hex')).toBe(sha256(`lockstep-content-1\n${contentType} ${sha256(text)}\n`));
  }
});

test('what is beyond bounds is one part without a digest, and is read to its end', async () => {
  const text = `X-Long: ${'x'.repeat(3_000_000)}\r\n\r\nbody`;
  const { parts, digest, bytes } = await read(text, 50_000);
  expect(digest).toBeNull();
  expect(bytes).toBe(text.length);
  expect(parts).toMatchObject([{ number: 1, contentType: 'message/rfc822', bytes: text.length }]);
  expect(parts[0]?.sha256.toString('hex')).toBe(sha256(text));
});

test('a source that fails fails the reading', async () => {
  const failing = Readable.from((async function* () {
    yield Buffer.from(message('b1').slice(0, 3000));
    throw new Error('gone');
  })());
  await expect(readMimeContent(failing)).rejects.toThrow('gone');
});

test('whatever is sent is taken apart, or is one part; in pieces of any size the same', async () => {
  const fragments = fc.constantFrom(
    '\r\n', '\n', '\r', '--b', '--b--', '--b\r\n', 'Content-Type: multipart/mixed; boundary=b\r\n', 'Content-Type: message/rfc822\r\n', 'Content-Transfer-Encoding: base64\r\n',
    'Content-Transfer-Encoding: quoted-printable\r\n', 'Content-Disposition: attachment; filename*=utf-8\'\'a%ff\r\n', 'Content-Type: text/plain; charset="nonsense"\r\n', 'QUJD', '=FF', '=?x?Q?=?=', '\u0000', 'é',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof({ weight: 5, arbitrary: fragments }, fc.string()), { maxLength: 30 }), fc.integer({ min: 1, max: 50 }), async (pieces, size) => {
      const bytes = Buffer.from(pieces.join(''));
      const small = await read(bytes, size);
      const whole = await read(bytes, Math.max(1, bytes.length));
      expect(small).toEqual(whole);
      for (const { base64, sha256: hash } of whole.parts) {
        if (base64 !== null) expect(sha256(Buffer.from(bytes.subarray(base64.at, base64.at + base64.length).toString('latin1'), 'base64'))).toBe(hash.toString('hex'));
      }
    }),
    { numRuns: 300 },
  );
});
