/**
 * NTLM version 2 as a server (MS-NLMP §3.2): a challenge, and whether an answer to it proves the password. Windows does it with the domain
 * controller's help; the sample knows the passwords.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { md4 } from '../../shared/md4.ts';

const signature = Buffer.from('NTLMSSP\0', 'latin1');
const FLAGS = 0x00000001 | 0x00000004 | 0x00000200 | 0x00008000 | 0x00080000 | 0x00800000 | 0x02000000 | 0x20000000;
const TYPE_DOMAIN = 0x00010000;
/** AV_PAIR ids (§2.2.2.1). */
const [endOfList, computer, domain, timestamp, flags] = [0, 1, 2, 7, 6] as const;
const MIC_LENGTH = 16;
/** Windows Server 2022 (§2.2.2.10). */
const version = Buffer.from([10, 0, 0x7c, 0x4f, 0, 0, 0, 15]);

/** 1 negotiate, 2 challenge, 3 authenticate; undefined: no NTLM. */
export const messageType = (message: Buffer): number | undefined =>
  message.length >= 12 && message.subarray(0, 8).equals(signature) ? message.readUInt32LE(8) : undefined;

/** CHALLENGE_MESSAGE (§2.2.1.2) of a member of the domain. */
export function challengeMessage(netbiosDomain: string, now: Date): Buffer {
  const target = Buffer.from(netbiosDomain, 'utf16le');
  const at = Buffer.alloc(8);
  at.writeBigUInt64LE((BigInt(now.getTime()) + 11_644_473_600_000n) * 10_000n);
  const info = Buffer.concat([
    pair(domain, target),
    pair(computer, Buffer.from('SAMPLE-EX', 'utf16le')),
    pair(timestamp, at),
    pair(endOfList, Buffer.alloc(0)),
  ]);
  const head = Buffer.alloc(56);
  signature.copy(head);
  head.writeUInt32LE(2, 8);
  field(head, 12, target, 56);
  head.writeUInt32LE((FLAGS | TYPE_DOMAIN) >>> 0, 20);
  randomBytes(8).copy(head, 24);
  field(head, 40, info, 56 + target.length);
  version.copy(head, 48);
  return Buffer.concat([head, target, info]);
}

export interface Handshake {
  readonly negotiate: Buffer;
  readonly challenge: Buffer;
  readonly authenticate: Buffer;
}

/** Who says to be there, `DOMAIN\name` or a UPN. */
export function claimedName({ authenticate }: Pick<Handshake, 'authenticate'>): string {
  const [netbios, name] = [text(authenticate, 28), text(authenticate, 36)];
  return netbios === '' || name.includes('@') ? name : `${netbios}\\${name}`;
}

/** True when the answer proves the password (§3.3.2), and its integrity code, where it says to have one, is right (§3.2.5.1.2). */
export function proves({ negotiate, challenge, authenticate }: Handshake, password: string): boolean {
  const response = read(authenticate, 20);
  if (response.length < 44) return false;
  const blob = response.subarray(16);
  const key = hmac(md4(Buffer.from(password, 'utf16le')), Buffer.from(text(authenticate, 36).toUpperCase() + text(authenticate, 28), 'utf16le'));
  const proof = hmac(key, Buffer.concat([challenge.subarray(24, 32), blob]));
  if (!timingSafeEqual(proof, response.subarray(0, 16))) return false;
  if ((pairs(blob.subarray(28)).get(flags)?.readUInt32LE(0) ?? 0) % 4 < 2) return true;
  const sessionKey = hmac(key, proof);
  const encrypted = read(authenticate, 52);
  // With a key exchange the code is made with another key, which only RC4 would tell.
  if (encrypted.length > 0) return true;
  // Directly before the fields, whether or not a version stands before it.
  const at = Math.min(...[12, 20, 28, 36].map((place) => authenticate.readUInt32LE(place + 4))) - MIC_LENGTH;
  const withoutCode = Buffer.from(authenticate);
  withoutCode.fill(0, at, at + MIC_LENGTH);
  return timingSafeEqual(hmac(sessionKey, Buffer.concat([negotiate, challenge, withoutCode])), authenticate.subarray(at, at + MIC_LENGTH));
}

function pairs(list: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= list.length && list.readUInt16LE(at) !== endOfList; at += 4 + list.readUInt16LE(at + 2)) {
    found.set(list.readUInt16LE(at), list.subarray(at + 4, at + 4 + list.readUInt16LE(at + 2)));
  }
  return found;
}

function pair(id: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(id, 0);
  head.writeUInt16LE(value.length, 2);
  return Buffer.concat([head, value]);
}

function field(message: Buffer, at: number, value: Buffer, offset: number): void {
  message.writeUInt16LE(value.length, at);
  message.writeUInt16LE(value.length, at + 2);
  message.writeUInt32LE(offset, at + 4);
}

function read(message: Buffer, at: number): Buffer {
  if (message.length < at + 8) return Buffer.alloc(0);
  const offset = message.readUInt32LE(at + 4);
  return message.subarray(offset, offset + message.readUInt16LE(at));
}

const text = (message: Buffer, at: number): string => read(message, at).toString('utf16le');
const hmac = (key: Buffer, data: Buffer): Buffer => createHmac('md5', key).update(data).digest();
