import fc from 'fast-check';
import { sidText } from './security-identifier.ts';

const sidBytes = (authority: number, subAuthorities: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(8 + 4 * subAuthorities.length);
  bytes[0] = 1;
  bytes[1] = subAuthorities.length;
  bytes.writeUIntBE(authority, 2, 6);
  subAuthorities.forEach((value, index) => bytes.writeUInt32LE(value, 8 + 4 * index));
  return bytes;
};

describe('sidText', () => {
  test.each([
    ['S-1-5-32-544', '01020000000000052000000020020000'],
    ['S-1-5-10', '01010000000000050a000000'],
    ['S-1-5-21-1111111111-2222222222-3333333333-1104', '010500000000000515000000c7353a428e6b748455a1aec650040000'],
  ])('reads %s', (text, hex) => expect(sidText(Buffer.from(hex, 'hex'))).toBe(text));

  test('says every part of any SID, at any place of a buffer', () => {
    const part = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    fc.assert(
      fc.property(part, fc.array(part, { maxLength: 15 }), fc.uint8Array({ maxLength: 9 }), (authority, parts, before) => {
        const sid = sidBytes(authority, parts);
        expect(sidText(Buffer.concat([before, sid]), before.length, before.length + sid.length)).toBe(['S-1', authority, ...parts].join('-'));
      }),
    );
  });

  test('writes an authority of more than 32 bits in hexadecimal', () => {
    expect(sidText(sidBytes(2 ** 40, [7]))).toBe('S-1-0x010000000000-7');
  });

  test.each([
    ['cut off', sidBytes(5, [32, 544]).subarray(0, 15)],
    ['too long', Buffer.concat([sidBytes(5, [18]), Buffer.alloc(1)])],
    ['of another revision', Buffer.concat([Buffer.from([2]), sidBytes(5, [18]).subarray(1)])],
    ['with sixteen parts', sidBytes(5, new Array<number>(16).fill(1))],
    ['empty', Buffer.alloc(0)],
  ])('is none when %s', (_, bytes) => expect(sidText(bytes)).toBeNull());
});
