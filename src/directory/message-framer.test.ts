import fc from 'fast-check';
import { BerWriter } from 'ldapts';
import { MalformedMessageError } from './ber-cursor.ts';
import { MAX_MESSAGE_BYTES, MessageFramer } from './message-framer.ts';

const message = (text: string): Buffer => {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeString(text);
  writer.endSequence();
  return writer.buffer;
};

describe('MessageFramer', () => {
  test('finds the same messages wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 400 }), { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 30 }), (texts, cuts) => {
        const messages = texts.map(message);
        const stream = Buffer.concat(messages);
        const places = [...new Set(cuts.map((cut) => cut % (stream.length + 1)))].sort((a, b) => a - b);
        const framer = new MessageFramer();
        const found: Buffer[] = [];
        let from = 0;
        for (const to of [...places, stream.length]) {
          framer.push(stream.subarray(from, to), (buffer, start, end) => found.push(Buffer.from(buffer.subarray(start, end))));
          from = to;
        }
        expect(found).toEqual(messages);
        expect(framer.empty).toBe(true);
      }),
    );
  });

  test('is not empty while a message is unfinished', () => {
    const framer = new MessageFramer();
    framer.push(message('hello').subarray(0, 3), () => expect(true).toBe(false));
    expect(framer.empty).toBe(false);
  });

  test('refuses what does not begin like a message', () => {
    expect(() => new MessageFramer().push(Buffer.from('HTTP/1.1 400 Bad Request'), () => undefined)).toThrow(MalformedMessageError);
  });

  test('refuses a message longer than it would hold', () => {
    const header = Buffer.from([0x30, 0x84, 0, 0, 0, 0]);
    header.writeUInt32BE(MAX_MESSAGE_BYTES, 2);
    expect(() => new MessageFramer().push(header, () => undefined)).toThrow(MalformedMessageError);
  });
});
