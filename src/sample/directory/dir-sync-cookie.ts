/** What a DirSync client brings back: where it stands. Opaque to it, and good for this copy of the database only. */
export interface DirSyncPosition {
  /** What was changed up to this USN, the client has. */
  readonly since: number;
  /** Of the rounds of a reading that is not finished: objects whose last change is up to here were answered. */
  readonly position: number;
}

const magic = Buffer.from('SAMPLE1\0', 'latin1');
const idBytes = 16;

export function writeDirSyncCookie(invocationId: Buffer, { since, position }: DirSyncPosition): Buffer {
  const usns = Buffer.alloc(16);
  usns.writeBigUInt64LE(BigInt(since), 0);
  usns.writeBigUInt64LE(BigInt(position), 8);
  return Buffer.concat([magic, invocationId, usns]);
}

/** Undefined: these bytes are no cookie of a sample directory. */
export function readDirSyncCookie(
  cookie: Buffer,
): { readonly invocationId: Buffer; readonly at: DirSyncPosition } | undefined {
  if (cookie.length !== magic.length + idBytes + 16 || !cookie.subarray(0, magic.length).equals(magic))
    return undefined;
  const usns = cookie.subarray(magic.length + idBytes);
  const since = Number(usns.readBigUInt64LE(0));
  const position = Number(usns.readBigUInt64LE(8));
  if (position < since || !Number.isSafeInteger(position)) return undefined;
  return { invocationId: cookie.subarray(magic.length, magic.length + idBytes), at: { since, position } };
}
