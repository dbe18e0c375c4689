import fc from 'fast-check';
import { BerWriter } from 'ldapts';
import { messageLength } from './framing.ts';

const message = (size: number): Buffer => {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeBuffer(Buffer.alloc(size), 0x04);
  writer.endSequence();
  return Buffer.from(writer.buffer);
};

test('the length is that of the first message, whatever follows, and unknown until its header is there', () => {
  fc.assert(
    fc.property(fc.nat(70_000), fc.uint8Array({ maxLength: 10 }), (size, rest) => {
      const whole = message(size);
      expect(messageLength(Buffer.concat([whole, rest]))).toBe(whole.length);
      for (let cut = 0; cut <= 6; cut++)
        expect([undefined, whole.length]).toContain(messageLength(whole.subarray(0, cut)));
    }),
  );
});

test.each([
  ['another protocol', 'GET / HTTP/1.1'],
  ['a length of indefinite form', '\x30\x80'],
  ['a length of five bytes', '\x30\x85'],
])('%s is refused', (_, bytes) => {
  expect(() => messageLength(Buffer.from(bytes, 'latin1'))).toThrow();
});
