/**
 * Strict reading of BER (X.690, definite lengths only, as RFC 4511 §5.1 demands) from bytes a server sent.
 *
 * Ours and not the reader of `ldapts`, for two reasons. That one answers null when a length points past the end and its
 * callers then loop without moving on: one wrong byte stops the whole process. And on a directory's hot path it makes a
 * Buffer for every value, where text can be cut from the message directly.
 */

/** The bytes are not the protocol. Never leaves this folder: it becomes `ldap.malformed` or `ldap.not-ldap`. */
export class MalformedMessageError extends Error {
  override readonly name = 'MalformedMessageError';
}

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  enumerated: 0x0a,
  sequence: 0x30,
  set: 0x31,
} as const;

export class BerCursor {
  readonly buffer: Buffer;
  offset: number;
  readonly end: number;

  constructor(buffer: Buffer, offset = 0, end = buffer.length) {
    this.buffer = buffer;
    this.offset = offset;
    this.end = end;
  }

  /** The next element's tag; -1 at the end. */
  peek(): number {
    return this.offset < this.end ? (this.buffer[this.offset] ?? -1) : -1;
  }

  /** Steps into an element: answers where its content ends and stands at where it begins. */
  enter(tag: number): number {
    if (this.peek() !== tag) throw new MalformedMessageError(`expected tag ${tag} at ${this.offset}`);
    return this.#header();
  }

  /** Steps over an element of any tag. */
  skip(): void {
    if (this.offset >= this.end) throw new MalformedMessageError('nothing left to step over');
    this.offset = this.#header();
  }

  /** INTEGER or ENUMERATED of at most 32 bits, signed. */
  integer(tag: number = tags.integer): number {
    const end = this.enter(tag);
    const length = end - this.offset;
    if (length < 1 || length > 4) throw new MalformedMessageError(`integer of ${length} bytes`);
    const value = this.buffer.readIntBE(this.offset, length);
    this.offset = end;
    return value;
  }

  /** OCTET STRING as text; what is not UTF-8 becomes U+FFFD. */
  text(tag: number = tags.octetString): string {
    const end = this.enter(tag);
    const value = this.buffer.toString('utf8', this.offset, end);
    this.offset = end;
    return value;
  }

  /** OCTET STRING as a copy: a view would keep the whole network chunk alive. */
  bytes(tag: number = tags.octetString): Buffer {
    const end = this.enter(tag);
    const value = Buffer.from(this.buffer.subarray(this.offset, end));
    this.offset = end;
    return value;
  }

  #header(): number {
    const length = elementLength(this.buffer, this.offset, this.end);
    if (length === null) throw new MalformedMessageError(`cut off at ${this.offset}`);
    const first = this.buffer[this.offset + 1] ?? 0;
    const header = first < 0x80 ? 2 : 2 + (first & 0x7f);
    const end = this.offset + length;
    if (end > this.end) throw new MalformedMessageError(`element at ${this.offset} is longer than what holds it`);
    this.offset += header;
    return end;
  }
}

/** Bytes of the element at `offset` with its header; null when the header itself is not whole yet. */
export function elementLength(buffer: Buffer, offset: number, end: number): number | null {
  if (end - offset < 2) return null;
  const first = buffer[offset + 1] ?? 0;
  if (first < 0x80) return 2 + first;
  const count = first & 0x7f;
  if (count === 0 || count > 4) throw new MalformedMessageError(`length of ${count} bytes`);
  if (end - offset < 2 + count) return null;
  return 2 + count + buffer.readUIntBE(offset + 2, count);
}
