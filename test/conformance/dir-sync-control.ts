import { type BerReader, BerWriter, Control } from 'ldapts';
import { dirSyncOid } from '../../src/sample/directory/dir-sync-control.ts';

export const objectSecurity = 0x1;
export const ancestorsFirst = 0x800;
export const incrementalValues = 0x8000_0000;

/** As a client sends it. The answer is read into the request's own object. */
export class DirSyncControl extends Control {
  more: boolean | undefined;
  answered: Buffer | undefined;
  readonly #flags: number;
  readonly #maxBytes: number;
  readonly #cookie: Buffer;

  constructor(flags: number, cookie: Buffer, maxBytes: number) {
    super(dirSyncOid, { critical: true });
    this.#flags = flags;
    this.#cookie = cookie;
    this.#maxBytes = maxBytes;
  }

  override writeControl(writer: BerWriter): void {
    const value = new BerWriter();
    value.startSequence();
    value.writeInt(this.#flags);
    value.writeInt(this.#maxBytes);
    value.writeBuffer(this.#cookie, 0x04);
    value.endSequence();
    writer.writeBuffer(value.buffer, 0x04);
  }

  override parseControl(reader: BerReader): void {
    if (reader.readSequence() === null) return;
    this.more = reader.readInt() !== 0;
    reader.readInt();
    this.answered = Buffer.from(reader.readString(0x04, true) ?? '');
  }
}

/** A control without a value. */
export class BareControl extends Control {
  constructor(oid: string) {
    super(oid, { critical: true });
  }
}
export const showDeletedOid = '1.2.840.113556.1.4.417';
export const domainScopeOid = '1.2.840.113556.1.4.1339';
export const extendedDnOid = '1.2.840.113556.1.4.529';
