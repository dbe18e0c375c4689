import fc from 'fast-check';
import { BerReader, BerWriter } from 'ldapts';
import { BerCursor, MalformedMessageError } from './ber-cursor.ts';
import { DIRSYNC, DirSyncControl, readDirSyncAnswer } from './dirsync-control.ts';

test('asks with object security and incremental values, and sends the cookie as it is', () => {
  const cookie = Buffer.from([0, 1, 0xff, 0x80]);
  const writer = new BerWriter();
  new DirSyncControl(cookie).write(writer);
  const reader = new BerReader(writer.buffer);
  reader.readSequence();
  expect([reader.readString(), reader.readBoolean()]).toEqual([DIRSYNC, true]);
  const value = new BerReader(reader.readString(4, true) ?? Buffer.alloc(0));
  value.readSequence();
  expect((value.readInt() ?? 0) >>> 0).toBe(0x80000001);
  expect(value.readInt()).toBeGreaterThan(0);
  expect(value.readString(4, true)).toEqual(cookie);
});

test('reads any answer', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.uint8Array({ maxLength: 3000 }), (flags, bytes) => {
      const writer = new BerWriter();
      writer.startSequence();
      writer.writeInt(flags);
      writer.writeInt(0);
      writer.writeBuffer(Buffer.from(bytes), 4);
      writer.endSequence();
      expect(readDirSyncAnswer(new BerCursor(writer.buffer))).toEqual({ more: flags !== 0, cookie: Buffer.from(bytes) });
    }),
  );
});

test('rubbish is malformed and nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        readDirSyncAnswer(new BerCursor(Buffer.from(bytes)));
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedMessageError);
      }
    }),
  );
});
