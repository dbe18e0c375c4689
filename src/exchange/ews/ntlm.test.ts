import { authenticateMessage, negotiateMessage, ntlmAccount, NtlmError, ntlmV2 } from './ntlm.ts';

const account = { domain: 'Domain', name: 'User' };
const utf16 = (text: string) => Buffer.from(text, 'utf16le');
const pair = (id: number, value: Buffer) => Buffer.concat([Buffer.from([id, 0, value.length, 0]), value]);
const targetInfo = Buffer.concat([pair(2, utf16('Domain')), pair(1, utf16('Server')), Buffer.alloc(4)]);

test('the proof is that of the example in MS-NLMP, 4.2.4', () => {
  const proof = ntlmV2({
    account,
    password: 'Password',
    serverChallenge: Buffer.from('0123456789abcdef', 'hex'),
    clientChallenge: Buffer.alloc(8, 0xaa),
    targetInfo,
    time: Buffer.alloc(8),
  });
  expect(proof.ntResponse.subarray(0, 16).toString('hex')).toBe('68cd0ab851e51c96aabc927bebef6a1c');
  expect(proof.lmResponse.toString('hex')).toBe('86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa');
  expect(proof.sessionBaseKey.toString('hex')).toBe('8de40ccadbc14a82f15cb0ad0de95ca3');
});

function challenge(info: Buffer): Buffer {
  const head = Buffer.alloc(48);
  head.write('NTLMSSP\0', 'latin1');
  head.writeUInt32LE(2, 8);
  Buffer.from('0123456789abcdef', 'hex').copy(head, 24);
  head.writeUInt16LE(info.length, 40);
  head.writeUInt16LE(info.length, 42);
  head.writeUInt32LE(48, 44);
  return Buffer.concat([head, info]);
}
const input = {
  account,
  password: 'Password',
  negotiate: negotiateMessage(),
  target: 'HTTP/mail.corp.example',
  clientChallenge: Buffer.alloc(8, 0xaa),
  now: new Date('2026-11-24T08:00:00Z'),
};
const field = (message: Buffer, at: number) => {
  const offset = message.readUInt32LE(at + 4);
  return message.subarray(offset, offset + message.readUInt16LE(at));
};

test('with the time of the server, its message is protected and the old response left out', () => {
  const message = authenticateMessage({ ...input, challenge: challenge(Buffer.concat([pair(7, Buffer.alloc(8, 1)), Buffer.alloc(4)])) });
  expect(field(message, 12)).toEqual(Buffer.alloc(24));
  expect(message.subarray(72, 88)).not.toEqual(Buffer.alloc(16));
  expect(field(message, 28)).toEqual(utf16('Domain'));
  expect(field(message, 36)).toEqual(utf16('User'));
});

test('the certificate of the server is bound to the proof', () => {
  const of = (certificate: Buffer | undefined) => field(authenticateMessage({ ...input, certificate, challenge: challenge(targetInfo) }), 20);
  expect(of(undefined).includes(Buffer.concat([Buffer.from([10, 0, 16, 0]), Buffer.alloc(16)]))).toBe(true);
  expect(of(Buffer.from('one'))).not.toEqual(of(Buffer.from('another')));
});

test.each([
  ['an empty answer', Buffer.alloc(0)],
  ['another message', negotiateMessage()],
  ['a target that is longer than the message', challenge(targetInfo).subarray(0, 60)],
])('%s is refused', (_, answer) => {
  expect(() => authenticateMessage({ ...input, challenge: answer })).toThrow(NtlmError);
});

test('an account is DOMAIN\\name or a UPN', () => {
  expect(ntlmAccount('CORP\\svc')).toEqual({ domain: 'CORP', name: 'svc' });
  expect(ntlmAccount('svc@corp.example')).toEqual({ domain: '', name: 'svc@corp.example' });
});
