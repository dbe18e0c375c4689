import { BerWriter } from 'ldapts';
import fc from 'fast-check';
import { readDirSyncRequest } from './dir-sync-control.ts';
import { readDirSyncCookie, writeDirSyncCookie } from './dir-sync-cookie.ts';

const request = (flags: Buffer, maxBytes: number, cookie: Buffer): Buffer => {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeBuffer(flags, 0x02);
  writer.writeInt(maxBytes);
  writer.writeBuffer(cookie, 0x04);
  writer.endSequence();
  return writer.buffer;
};

describe('the DirSync control', () => {
  test.each([
    ['a negative number of four bytes', [0x80, 0x00, 0x08, 0x01]],
    ['a positive number of five bytes', [0x00, 0x80, 0x00, 0x08, 0x01]],
  ])('has the highest flag as %s', (_, flags) => {
    expect(readDirSyncRequest(request(Buffer.from(flags), 1000, Buffer.from('c')))).toEqual({
      objectSecurity: true,
      ancestorsFirst: true,
      incrementalValues: true,
      maxBytes: 1000,
      cookie: Buffer.from('c'),
    });
  });

  test('without flags asks for nothing special, and a negative size is none', () => {
    expect(readDirSyncRequest(request(Buffer.from([0]), -1, Buffer.alloc(0)))).toEqual({
      objectSecurity: false,
      ancestorsFirst: false,
      incrementalValues: false,
      maxBytes: 0,
      cookie: Buffer.alloc(0),
    });
  });

  test('cut off anywhere is none', () => {
    const whole = request(Buffer.from([1]), 1000, Buffer.from('cookie'));
    for (let length = 0; length < whole.length; length++)
      expect(() => readDirSyncRequest(whole.subarray(0, length))).toThrow();
  });
});

describe('the cookie', () => {
  const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes));
  const usn = fc.maxSafeNat();

  test('says what was written into it', () => {
    fc.assert(
      fc.property(id, usn, usn, (invocationId, a, b) => {
        const at = { since: Math.min(a, b), position: Math.max(a, b) };
        expect(readDirSyncCookie(writeDirSyncCookie(invocationId, at))).toEqual({ invocationId, at });
      }),
    );
  });

  test('is nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(readDirSyncCookie(Buffer.from(bytes))).toBeUndefined();
      }),
    );
    const backwards = writeDirSyncCookie(Buffer.alloc(16), { since: 2, position: 1 });
    expect(readDirSyncCookie(backwards)).toBeUndefined();
  });
});
