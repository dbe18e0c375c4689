import fc from 'fast-check';
import { BerWriter } from 'ldapts';
import { BerCursor, elementLength, MalformedMessageError, tags } from './ber-cursor.ts';

describe('BerCursor', () => {
  test('reads what ldapts writes: integers, text, bytes, nested sequences', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.string({ unit: 'binary', maxLength: 70_000 }), fc.uint8Array({ maxLength: 300 }), (number, text, bytes) => {
        const writer = new BerWriter();
        writer.startSequence();
        writer.writeInt(number);
        writer.writeString(text);
        writer.writeBuffer(Buffer.from(bytes), tags.octetString);
        writer.endSequence();
        const cursor = new BerCursor(writer.buffer);
        expect(cursor.enter(tags.sequence)).toBe(writer.buffer.length);
        expect(cursor.integer()).toBe(number);
        expect(cursor.text()).toBe(text);
        expect(cursor.bytes()).toEqual(Buffer.from(bytes));
        expect(cursor.peek()).toBe(-1);
      }),
    );
  });

  test('never reads past the end and always moves on, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const cursor = new BerCursor(Buffer.from(bytes));
        try {
          while (cursor.peek() !== -1) {
            const before = cursor.offset;
            cursor.skip();
            expect(cursor.offset).toBeGreaterThan(before);
            expect(cursor.offset).toBeLessThanOrEqual(bytes.length);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessageError);
        }
      }),
    );
  });

  test.each([
    ['a length that points past the end', [0x04, 0x05, 0x41]],
    ['a length that points past what holds it', [0x30, 0x03, 0x04, 0x05, 0x41, 0x41, 0x41, 0x41]],
    ['an indefinite length', [0x04, 0x80, 0x00, 0x00]],
    ['a length of five bytes', [0x04, 0x85, 0, 0, 0, 0, 1, 0x41]],
    ['another tag than expected', [0x02, 0x01, 0x41]],
  ])('refuses %s', (_, bytes) => {
    const cursor = new BerCursor(Buffer.from(bytes));
    expect(() => {
      if (cursor.peek() === tags.sequence) {
        const inner = new BerCursor(cursor.buffer, 2, cursor.enter(tags.sequence));
        inner.text();
      } else cursor.text();
    }).toThrow(MalformedMessageError);
  });

  test('refuses integers that fit no 32 bits', () => {
    expect(() => new BerCursor(Buffer.from([2, 5, 1, 0, 0, 0, 0])).integer()).toThrow(MalformedMessageError);
    expect(() => new BerCursor(Buffer.from([2, 0])).integer()).toThrow(MalformedMessageError);
  });
});

test('the length of an element is unknown until its header is whole', () => {
  const bytes = Buffer.from([0x30, 0x82, 0x01, 0x00]);
  expect([1, 2, 3].map((end) => elementLength(bytes, 0, end))).toEqual([null, null, null]);
  expect(elementLength(bytes, 0, 4)).toBe(260);
});
