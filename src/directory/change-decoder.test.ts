import fc from 'fast-check';
import { BerWriter } from 'ldapts';
import { BerCursor, MalformedMessageError } from './ber-cursor.ts';
import { type ChangeNotice, decodeChange } from './change-decoder.ts';

const guid = '33221100-5544-7766-8899-aabbccddeeff';
const guidBytes = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const other = '66b7425c-2457-4bb4-9cec-3476bc42d01d';

const message = (dn: string, attributes: Readonly<Record<string, readonly (string | Buffer)[]>>): Buffer => {
  const writer = new BerWriter();
  writer.startSequence(0x64);
  writer.writeString(dn);
  writer.startSequence();
  for (const [name, values] of Object.entries(attributes)) {
    writer.startSequence();
    writer.writeString(name);
    writer.startSequence(0x31);
    for (const value of values) writer.writeBuffer(Buffer.from(value), 4);
    writer.endSequence();
    writer.endSequence();
  }
  writer.endSequence();
  writer.endSequence();
  return writer.buffer;
};
const decoded = (dn: string, attributes: Parameters<typeof message>[1]): ChangeNotice => decodeChange(new BerCursor(message(dn, attributes)));
const quiet = { guid, dn: 'CN=Ann', deleted: false, restored: false, memberAdded: [], memberRemoved: [], membersUnclear: false };

test('a changed and a cleared attribute say only that the object changed', () => {
  expect(decoded('CN=Ann', { objectGUID: [guidBytes], title: ['x'], mail: [], 'manager;range=0-0': ['CN=Bob'] })).toEqual(quiet);
});

test('the GUID in the name does as well', () => {
  expect(decoded(`<GUID=${guid}>;<SID=S-1-5-32-544>;CN=Ann`, { title: ['x'] })).toEqual(quiet);
});

test('an object without a readable GUID is told all the same', () => {
  expect(decoded('CN=Ann', { objectGUID: [Buffer.alloc(3)] }).guid).toBeNull();
  expect(decoded('CN=Ann', {}).guid).toBeNull();
});

test('members that came and went, in extended form or not', () => {
  const { memberAdded, memberRemoved, membersUnclear } = decoded('CN=Team', { 'member;range=1-1': [`<GUID=${other}>;CN=Bob`, 'CN=Cid'], 'Member;Range=0-0': ['CN=Dan'] });
  expect({ memberAdded, memberRemoved, membersUnclear }).toEqual({ memberAdded: [{ dn: 'CN=Bob', guid: other }, { dn: 'CN=Cid' }], memberRemoved: [{ dn: 'CN=Dan' }], membersUnclear: false });
});

test.each(['member', 'member;range=0-1499', 'member;range=0-*'])('%s is no increment: the list has to be read', (name) => {
  expect(decoded('CN=Team', { [name]: ['CN=Bob'] }).membersUnclear).toBe(true);
  expect(decoded('CN=Team', { [name]: [] }).membersUnclear).toBe(true);
});

test('a tombstone, and what was one', () => {
  expect(decoded('CN=Ann', { isDeleted: ['TRUE'] })).toMatchObject({ deleted: true, restored: false });
  expect(decoded('CN=Ann', { isDeleted: [] })).toMatchObject({ deleted: false, restored: true });
});

test('never reads past the end, whatever is cut off or turned over', () => {
  const whole = message('CN=Ann', { objectGUID: [guidBytes], isDeleted: ['TRUE'], 'member;range=1-1': ['CN=Bob'], title: [] });
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }), fc.nat(whole.length), (at, byte, end) => {
      const bytes = Buffer.from(whole.subarray(0, end));
      if (at < bytes.length) bytes[at] = byte;
      try {
        decodeChange(new BerCursor(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedMessageError);
      }
    }),
  );
});
