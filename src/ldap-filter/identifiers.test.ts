import fc from 'fast-check';
import { guidBytes, guidFrom, guidText } from './guid.ts';
import { sidBytes } from './sid.ts';

test('a GUID in text and in bytes is the same GUID', () => {
  fc.assert(
    fc.property(fc.uuid({ version: 4 }), (text) => {
      const bytes = guidBytes(text);
      expect(bytes?.length).toBe(16);
      expect(bytes && guidText(bytes)).toBe(text);
      expect(guidBytes(bytes?.toString('hex') ?? '')).toEqual(bytes);
    }),
  );
});

test('the first three groups of a GUID are little-endian in its bytes', () => {
  expect(guidBytes('00112233-4455-6677-8899-aabbccddeeff')?.toString('hex')).toBe('33221100554477668899aabbccddeeff');
});

test('a GUID that is made from a seed is of version 4, and the same again', () => {
  expect(guidText(guidFrom('a'))).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(guidFrom('a')).toEqual(guidFrom('a'));
  expect(guidFrom('a')).not.toEqual(guidFrom('b'));
});

test('a SID is written as MS-DTYP 2.4.2 says', () => {
  expect(sidBytes('S-1-5-21-1-2-4294967295')?.toString('hex')).toBe(
    '010400000000000515000000' + '01000000' + '02000000' + 'ffffffff',
  );
  expect(sidBytes('S-1-5-10')?.toString('hex')).toBe('010100000000000' + '50a000000');
});

test.each(['', 'S-1', 'S-1-5-4294967296', 'S-2-5-1', 'S-1-5-x'])('%p is no SID', (text) => {
  expect(sidBytes(text)).toBeUndefined();
});
