/** LDAP_SERVER_DIRSYNC_OID: MS-ADTS 3.1.1.3.4.1.3. */
import { BerReader, BerWriter } from 'ldapts';

export const dirSyncOid = '1.2.840.113556.1.4.841';

const flagBits = { objectSecurity: 0x1, ancestorsFirst: 0x800, incrementalValues: 0x8000_0000 } as const;

export interface DirSyncRequest {
  /** What the caller may read, instead of everything for those with the replication right. */
  readonly objectSecurity: boolean;
  readonly ancestorsFirst: boolean;
  /** Of links only the values that were added or removed. */
  readonly incrementalValues: boolean;
  /** Of one round; 0: as the server likes. */
  readonly maxBytes: number;
  /** Empty: from the beginning. */
  readonly cookie: Buffer;
}

/** Throws on bytes that are no such control. */
export function readDirSyncRequest(value: Buffer): DirSyncRequest {
  const reader = new BerReader(value);
  const whole = reader.readSequence(0x30);
  const flags = readInteger(reader);
  const maxBytes = readInteger(reader);
  const cookie = reader.readString(0x04, true);
  if (whole === null || cookie === null) throw new Error('the DirSync control is cut off');
  const has = (bit: number) => (flags & BigInt(bit)) !== 0n;
  return {
    objectSecurity: has(flagBits.objectSecurity),
    ancestorsFirst: has(flagBits.ancestorsFirst),
    incrementalValues: has(flagBits.incrementalValues),
    maxBytes: Math.max(0, Number(maxBytes)),
    cookie: Buffer.from(cookie),
  };
}

/** The highest flag is sent as a negative number of four bytes, or as a positive one of five. */
function readInteger(reader: BerReader): bigint {
  const bytes = reader.readString(0x02, true);
  if (bytes === null || bytes.length === 0 || bytes.length > 8) throw new Error('the DirSync control is cut off');
  return BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString('hex')}`));
}

/** The flag says whether there is more; the size is not used. */
export function writeDirSyncAnswer(more: boolean, cookie: Buffer): { oid: string; value: Buffer } {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(more ? 1 : 0);
  writer.writeInt(0);
  writer.writeBuffer(cookie, 0x04);
  writer.endSequence();
  return { oid: dirSyncOid, value: writer.buffer };
}
