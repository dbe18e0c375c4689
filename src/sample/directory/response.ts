import { BerWriter } from 'ldapts';
import type { AttributeValue } from './model.ts';
import type { LdapResult } from './result-codes.ts';

export const answerTags = { bind: 0x61, searchDone: 0x65, extended: 0x78 } as const;

export interface ResponseControl {
  readonly oid: string;
  readonly value: Buffer;
}
/** An entry as it goes out: selected attributes under the names of the answer. */
export interface ResponseEntry {
  readonly dn: string;
  readonly attributes: readonly { readonly name: string; readonly values: readonly AttributeValue[] }[];
}

const octetString = 0x04;

export function writeResult(
  id: number,
  tag: number,
  result: LdapResult,
  options: { readonly control?: ResponseControl; readonly extendedOid?: string } = {},
): Buffer {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(id);
  writer.startSequence(tag);
  writer.writeEnumeration(result.code);
  writer.writeString(result.matchedDn ?? '');
  writer.writeString(result.message ?? '');
  if (result.referrals !== undefined) {
    writer.startSequence(0xa3);
    for (const url of result.referrals) writer.writeString(url);
    writer.endSequence();
  }
  if (options.extendedOid !== undefined) writer.writeString(options.extendedOid, 0x8a);
  writer.endSequence();
  if (options.control !== undefined) {
    writer.startSequence(0xa0);
    writer.startSequence();
    writer.writeString(options.control.oid);
    writer.writeBuffer(options.control.value, octetString);
    writer.endSequence();
    writer.endSequence();
  }
  writer.endSequence();
  return writer.buffer;
}

/** RFC 4511, section 4.5.3. */
export function writeReference(id: number, url: string): Buffer {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(id);
  writer.startSequence(0x73);
  writer.writeString(url);
  writer.endSequence();
  writer.endSequence();
  return writer.buffer;
}

export function writeEntry(id: number, entry: ResponseEntry): Buffer {
  const writer = new BerWriter({ size: sizeBound(entry) });
  writer.startSequence();
  writer.writeInt(id);
  writer.startSequence(0x64);
  writer.writeString(entry.dn);
  writer.startSequence();
  for (const { name, values } of entry.attributes) {
    writer.startSequence();
    writer.writeString(name);
    writer.startSequence(0x31);
    for (const value of values) {
      if (typeof value === 'string') writer.writeString(value);
      else writer.writeBuffer(value, octetString);
    }
    writer.endSequence();
    writer.endSequence();
  }
  writer.endSequence();
  writer.endSequence();
  writer.endSequence();
  return writer.buffer;
}

/** About as many bytes as the entry takes. */
export const entryBytes = (entry: ResponseEntry): number =>
  entry.attributes.reduce(
    (sum, { name, values }) =>
      values.reduce(
        (bytes, value) => bytes + 4 + (typeof value === 'string' ? Buffer.byteLength(value) : value.length),
        sum + name.length + 8,
      ),
    entry.dn.length + 16,
  );

/** Enough bytes that the writer need not grow: a UTF-16 unit has at most three bytes, a header of ours at most five. */
function sizeBound(entry: ResponseEntry): number {
  let bytes = 64 + 3 * entry.dn.length;
  for (const { name, values } of entry.attributes) {
    bytes += name.length + 15;
    for (const value of values) bytes += 5 + (typeof value === 'string' ? 3 * value.length : value.length);
  }
  return bytes;
}
