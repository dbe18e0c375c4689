/**
 * NTLM version 2 as a client, by MS-NLMP (https://learn.microsoft.com/openspecs/windows_protocols/ms-nlmp): with the message integrity
 * code and the channel binding that Extended Protection asks for (RFC 5929 §4, tls-server-end-point). No session is signed or sealed.
 */
import { createHash, createHmac } from 'node:crypto';
import { md4 } from '../../shared/md4.ts';

export interface NtlmAccount {
  /** Empty when the name is a UPN. */
  readonly domain: string;
  readonly name: string;
}

/** `DOMAIN\name`, or a UPN as it is. */
export function ntlmAccount(account: string): NtlmAccount {
  const at = account.indexOf('\\');
  return at < 0 ? { domain: '', name: account } : { domain: account.slice(0, at), name: account.slice(at + 1) };
}

const signature = Buffer.from('NTLMSSP\0', 'latin1');
const flags =
  0x00000001 | // NTLMSSP_NEGOTIATE_UNICODE
  0x00000004 | // NTLMSSP_REQUEST_TARGET
  0x00000200 | // NTLMSSP_NEGOTIATE_NTLM
  0x00008000 | // NTLMSSP_NEGOTIATE_ALWAYS_SIGN
  0x00080000 | // NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY
  0x00800000 | // NTLMSSP_NEGOTIATE_TARGET_INFO
  0x20000000; // NTLMSSP_NEGOTIATE_128

/** NEGOTIATE_MESSAGE (§2.2.1.1). */
export function negotiateMessage(): Buffer {
  const message = Buffer.alloc(40);
  signature.copy(message);
  message.writeUInt32LE(1, 8);
  message.writeUInt32LE(flags, 12);
  return message;
}

/** The server's answer is no CHALLENGE_MESSAGE (§2.2.1.2). */
export class NtlmError extends Error {
  override readonly name = 'NtlmError';
}

interface Challenge {
  readonly serverChallenge: Buffer;
  readonly targetInfo: Buffer;
}

function readChallenge(message: Buffer): Challenge {
  if (message.length < 48 || !message.subarray(0, 8).equals(signature) || message.readUInt32LE(8) !== 2) {
    throw new NtlmError('not an NTLM challenge');
  }
  const length = message.readUInt16LE(40);
  const offset = message.readUInt32LE(44);
  if (offset + length > message.length) throw new NtlmError('a damaged NTLM challenge');
  return { serverChallenge: message.subarray(24, 32), targetInfo: message.subarray(offset, offset + length) };
}

export interface AuthenticateInput {
  readonly account: NtlmAccount;
  readonly password: string;
  readonly negotiate: Buffer;
  readonly challenge: Buffer;
  /** HTTP/<host>: for whom the proof is meant (MsvAvTargetName). */
  readonly target: string;
  /** DER of the server's certificate; undefined: no TLS, or it is not known (behind a proxy). */
  readonly certificate?: Buffer | undefined;
  /** Eight random bytes. */
  readonly clientChallenge: Buffer;
  readonly now: Date;
}

/** AUTHENTICATE_MESSAGE (§2.2.1.3) for a challenge. @throws NtlmError */
export function authenticateMessage(input: AuthenticateInput): Buffer {
  const { serverChallenge, targetInfo } = readChallenge(input.challenge);
  const pairs = readPairs(targetInfo);
  const serverTime = pairs.find(({ id }) => id === avTimestamp)?.value;
  const info = writePairs([
    ...pairs.filter(({ id }) => ![avFlags, avTargetName, avChannelBindings].includes(id)),
    // The message is protected by a MIC.
    ...(serverTime === undefined ? [] : [{ id: avFlags, value: Buffer.from([2, 0, 0, 0]) }]),
    { id: avTargetName, value: unicode(input.target) },
    { id: avChannelBindings, value: channelBindings(input.certificate) },
  ]);
  const proof = ntlmV2({
    ...input,
    serverChallenge,
    targetInfo: info,
    time: serverTime ?? fileTime(input.now),
  });
  // §3.1.5.1.2: with the server's time in the challenge no LMv2 response is sent.
  const lm = serverTime === undefined ? proof.lmResponse : Buffer.alloc(24);
  const message = layOut([lm, proof.ntResponse, unicode(input.account.domain), unicode(input.account.name), Buffer.alloc(0), Buffer.alloc(0)]);
  if (serverTime !== undefined) {
    hmacMd5(proof.sessionBaseKey, Buffer.concat([input.negotiate, input.challenge, message])).copy(message, MIC_OFFSET);
  }
  return message;
}

const HEADER_LENGTH = 88;
const MIC_OFFSET = 72;

/** The fields in their order: LM, NT, domain, user, workstation, session key. */
function layOut(fields: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(HEADER_LENGTH);
  signature.copy(header);
  header.writeUInt32LE(3, 8);
  let offset = HEADER_LENGTH;
  for (const [index, field] of fields.entries()) {
    const at = 12 + index * 8;
    header.writeUInt16LE(field.length, at);
    header.writeUInt16LE(field.length, at + 2);
    header.writeUInt32LE(offset, at + 4);
    offset += field.length;
  }
  header.writeUInt32LE(flags, 60);
  return Buffer.concat([header, ...fields]);
}

interface ProofInput {
  readonly account: NtlmAccount;
  readonly password: string;
  readonly serverChallenge: Buffer;
  readonly clientChallenge: Buffer;
  readonly targetInfo: Buffer;
  /** FILETIME. */
  readonly time: Buffer;
}

/** NTLM v2 (§3.3.2). Exported for the specification's own example. */
export function ntlmV2({ account, password, serverChallenge, clientChallenge, targetInfo, time }: ProofInput) {
  const key = hmacMd5(md4(unicode(password)), unicode(account.name.toUpperCase() + account.domain));
  const blob = Buffer.concat([Buffer.from([1, 1, 0, 0, 0, 0, 0, 0]), time, clientChallenge, Buffer.alloc(4), targetInfo, Buffer.alloc(4)]);
  const proof = hmacMd5(key, Buffer.concat([serverChallenge, blob]));
  return {
    ntResponse: Buffer.concat([proof, blob]),
    lmResponse: Buffer.concat([hmacMd5(key, Buffer.concat([serverChallenge, clientChallenge])), clientChallenge]),
    sessionBaseKey: hmacMd5(key, proof),
  };
}

/* AV_PAIR (§2.2.2.1) */
interface Pair {
  readonly id: number;
  readonly value: Buffer;
}
const avEnd = 0;
const avFlags = 6;
const avTimestamp = 7;
const avTargetName = 9;
const avChannelBindings = 10;

function readPairs(info: Buffer): Pair[] {
  const pairs: Pair[] = [];
  for (let at = 0; at + 4 <= info.length; ) {
    const [id, length] = [info.readUInt16LE(at), info.readUInt16LE(at + 2)];
    if (id === avEnd) return pairs;
    if (at + 4 + length > info.length) break;
    pairs.push({ id, value: info.subarray(at + 4, at + 4 + length) });
    at += 4 + length;
  }
  throw new NtlmError('a damaged NTLM challenge');
}

function writePairs(pairs: readonly Pair[]): Buffer {
  const written = pairs.map(({ id, value }) => {
    const head = Buffer.alloc(4);
    head.writeUInt16LE(id, 0);
    head.writeUInt16LE(value.length, 2);
    return Buffer.concat([head, value]);
  });
  return Buffer.concat([...written, Buffer.alloc(4)]);
}

/** MD5 of gss_channel_bindings_struct (RFC 2744 §3.11) over the certificate; zeros: none. */
function channelBindings(certificate: Buffer | undefined): Buffer {
  if (certificate === undefined) return Buffer.alloc(16);
  // SHA-256 also stands for MD5 and SHA-1 signatures; the longer hashes are not used by Windows' own authorities by default.
  const data = Buffer.concat([Buffer.from('tls-server-end-point:', 'latin1'), createHash('sha256').update(certificate).digest()]);
  const head = Buffer.alloc(20);
  head.writeUInt32LE(data.length, 16);
  return createHash('md5').update(head).update(data).digest();
}

const unicode = (text: string): Buffer => Buffer.from(text, 'utf16le');
const hmacMd5 = (key: Buffer, data: Buffer): Buffer => createHmac('md5', key).update(data).digest();

/** 100-nanosecond intervals since 1601. */
function fileTime(at: Date): Buffer {
  const time = Buffer.alloc(8);
  time.writeBigUInt64LE((BigInt(at.getTime()) + 11_644_473_600_000n) * 10_000n);
  return time;
}
