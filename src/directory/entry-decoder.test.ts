import fc from 'fast-check';
import { BerWriter } from 'ldapts';
import { BerCursor, MalformedMessageError } from './ber-cursor.ts';
import { EntryDecoder, MAX_ENTRY_BYTES } from './entry-decoder.ts';

const GUID = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const GUID_TEXT = '33221100-5544-7766-8899-aabbccddeeff';
const BUILTIN = Buffer.from('01020000000000052000000020020000', 'hex');

/** A SearchResultEntry on the wire. */
function wireEntry(dn: string | Buffer, attributes: readonly (readonly [string, readonly (string | Buffer)[]])[]): Buffer {
  const writer = new BerWriter();
  writer.startSequence(0x64);
  writer.writeBuffer(Buffer.from(dn), 0x04);
  writer.startSequence();
  for (const [description, values] of attributes) {
    writer.startSequence();
    writer.writeString(description);
    writer.startSequence(0x31);
    for (const value of values) writer.writeBuffer(Buffer.from(value), 0x04);
    writer.endSequence();
    writer.endSequence();
  }
  writer.endSequence();
  writer.endSequence();
  return writer.buffer;
}
const asked = ['objectClass', 'cn', 'mail', 'proxyAddresses', 'objectSid', 'msExchRecipientTypeDetails', 'thumbnailPhoto', 'userCertificate'];
const decode = (attributes: Parameters<typeof wireEntry>[1], dn: string | Buffer = 'CN=Ann,DC=corp') =>
  new EntryDecoder(asked).decode(new BerCursor(wireEntry(dn, attributes)));

describe('EntryDecoder', () => {
  test('gives every value by the name that was asked for, always as a list', () => {
    const { guid, dn, attributes, problems, isGroup } = decode([
      ['objectGUID', [GUID]],
      ['OBJECTSID', [BUILTIN]],
      ['CN', ['Ann']],
      ['proxyAddresses', ['SMTP:a@x.test', 'smtp:b@x.test']],
      ['mail', []],
      ['msExchRecipientTypeDetails', ['9223372036854775807']],
      ['thumbnailPhoto', [Buffer.from([0xff, 0x00])]],
      ['userCertificate;binary', [Buffer.from([1])]],
      ['notAskedFor', ['x']],
    ]);
    expect({ guid, dn, attributes, problems, isGroup }).toEqual({
      guid: GUID_TEXT,
      dn: 'CN=Ann,DC=corp',
      attributes: {
        objectSid: ['S-1-5-32-544'],
        cn: ['Ann'],
        proxyAddresses: ['SMTP:a@x.test', 'smtp:b@x.test'],
        msExchRecipientTypeDetails: ['9223372036854775807'],
        thumbnailPhoto: ['/wA='],
        userCertificate: ['AQ=='],
      },
      problems: [],
      isGroup: false,
    });
  });

  test('a SID whose bytes happen to be text is still a SID', () => {
    expect(BUILTIN.equals(Buffer.from(BUILTIN.toString('utf8')))).toBe(true);
    expect(decode([['objectSid', [BUILTIN]]]).attributes['objectSid']).toEqual(['S-1-5-32-544']);
  });

  test('text decodes to itself, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { attributes, problems } = decode([['objectGUID', [GUID]], ['cn', [text]]]);
        if (text.includes('\u0000')) expect(problems[0]?.code).toBe('directory.value-unreadable');
        else expect(attributes['cn']).toEqual([text]);
      }),
    );
  });

  test('a replacement character that was really written is no problem', () => {
    expect(decode([['objectGUID', [GUID]], ['cn', ['a\ufffdb']]])).toMatchObject({ attributes: { cn: ['a\ufffdb'] }, problems: [] });
  });

  test('an undecodable value is left out and recorded with its bytes; the others stay', () => {
    const { attributes, problems } = decode([
      ['objectGUID', [GUID]],
      ['proxyAddresses', ['SMTP:a@x.test', Buffer.from([0xe9, 0x41])]],
      ['objectSid', [Buffer.from('short')]],
    ]);
    expect(attributes).toEqual({ proxyAddresses: ['SMTP:a@x.test'] });
    expect(problems).toEqual([
      {
        guid: GUID_TEXT,
        subject: 'CN=Ann,DC=corp',
        code: 'directory.value-unreadable',
        detail: 'Left out, because they are not what the attribute holds: proxyAddresses = 6UE= (base64); objectSid = c2hvcnQ= (base64).',
      },
    ]);
  });

  test('an object without a readable objectGUID has none', () => {
    expect(decode([['cn', ['Ann']]]).guid).toBeNull();
    expect(decode([['objectGUID', [GUID.subarray(1)]]])).toMatchObject({ guid: null, problems: [{ guid: null, code: 'directory.value-unreadable' }] });
  });

  test('members of a group stand apart, and a ranged list says where it goes on', () => {
    const group = decode([
      ['objectGUID', [GUID]],
      ['objectClass', ['top', 'group']],
      ['member', []],
      ['member;range=0-1', ['CN=a', 'CN=b']],
      ['proxyAddresses;range=0-0', ['SMTP:g@x.test']],
    ]);
    expect(group).toMatchObject({
      isGroup: true,
      members: ['CN=a', 'CN=b'],
      partial: [
        { attribute: 'member', next: 2 },
        { attribute: 'proxyAddresses', next: 1 },
      ],
      attributes: { proxyAddresses: ['SMTP:g@x.test'] },
    });
  });

  test('the last part of a ranged list goes on nowhere', () => {
    expect(decode([['member;range=1500-*', ['CN=z']]])).toMatchObject({ members: ['CN=z'], partial: [] });
  });

  test('values beyond the bound of an object are left out and named', () => {
    const { attributes, problems, bytes } = decode([
      ['objectGUID', [GUID]],
      ['thumbnailPhoto', [Buffer.alloc(MAX_ENTRY_BYTES)]],
      ['cn', ['Ann']],
    ]);
    expect(attributes).toEqual({ cn: ['Ann'] });
    expect(problems).toMatchObject([{ code: 'directory.value-too-large' }]);
    expect(bytes).toBeLessThan(1000);
  });

  test('many unreadable values make one short problem', () => {
    const { problems } = decode([['objectGUID', [GUID]], ['proxyAddresses', Array.from({ length: 5000 }, () => Buffer.from([0xff]))]]);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.detail).toMatch(/ and 4990 more\.$/);
  });

  test('a DN with bytes that are no text stays storable', () => {
    expect(decode([['objectGUID', [GUID]]], Buffer.from([0x43, 0x4e, 0x3d, 0xff, 0x00])).dn).toBe('CN=\ufffd\ufffd');
  });

  test('mutilated entries are refused, and never anything else', () => {
    const whole = wireEntry('CN=Ann,DC=corp', [['objectGUID', [GUID]], ['objectClass', ['top', 'group']], ['member;range=0-1499', ['CN=a']]]);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (place, byte, length) => {
        const bytes = Buffer.from(whole.subarray(0, length));
        if (place < length) bytes[place] = byte;
        try {
          new EntryDecoder(asked).decode(new BerCursor(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessageError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
