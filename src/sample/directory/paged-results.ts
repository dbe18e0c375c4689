/** Simple paged results: RFC 2696. */
import { BerReader, BerWriter } from 'ldapts';

export const pagedResultsOid = '1.2.840.113556.1.4.319';

export interface PageRequest {
  readonly size: number;
  /** Empty: the first page. */
  readonly cookie: Buffer;
}

/** Throws on bytes that are no such control. */
export function readPageRequest(value: Buffer): PageRequest {
  const reader = new BerReader(value);
  const whole = reader.readSequence(0x30);
  const size = reader.readInt();
  const cookie = reader.readString(0x04, true);
  if (whole === null || size === null || cookie === null) throw new Error('the paged results control is cut off');
  return { size, cookie };
}

/** An empty cookie says that this was the last page. The size is AD's: always 0, not known. */
export function writePageAnswer(cookie: Buffer): { oid: string; value: Buffer } {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(0);
  writer.writeBuffer(cookie, 0x04);
  writer.endSequence();
  return { oid: pagedResultsOid, value: writer.buffer };
}
