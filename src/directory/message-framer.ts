import { elementLength, MalformedMessageError, tags } from './ber-cursor.ts';

/**
 * A message longer than this is refused. The largest legitimate one is an entry with all values of a group that a server
 * sends unranged (Samba: 50,000 members, about 5 MB); AD's own limit for what it receives is 10 MB.
 */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/**
 * Cuts a stream of chunks into LDAP messages. A message inside one chunk is handed on without copying; one over several
 * chunks is put together once, when its last byte is there (gluing at each chunk would copy a long message quadratically).
 */
export class MessageFramer {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Length of the message that has begun; 0 while even its header is not whole. */
  #wanted = 0;

  /** True between messages. */
  get empty(): boolean {
    return this.#bytes === 0;
  }

  /** Calls `onMessage` with the place of each whole message. Throws MalformedMessageError when it is not LDAP. */
  push(chunk: Buffer, onMessage: (buffer: Buffer, start: number, end: number) => void): void {
    let buffer = chunk;
    if (this.#bytes > 0) {
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
      if (this.#bytes < this.#wanted) return;
      buffer = Buffer.concat(this.#chunks, this.#bytes);
      this.#clear();
    }
    let offset = 0;
    while (offset < buffer.length) {
      if (buffer[offset] !== tags.sequence) throw new MalformedMessageError('no LDAP message begins like this');
      const length = elementLength(buffer, offset, buffer.length);
      if (length !== null && length > MAX_MESSAGE_BYTES) throw new MalformedMessageError(`message of ${length} bytes`);
      if (length === null || offset + length > buffer.length) {
        this.#chunks = [buffer.subarray(offset)];
        this.#bytes = buffer.length - offset;
        this.#wanted = length ?? 0;
        return;
      }
      onMessage(buffer, offset, offset + length);
      offset += length;
    }
  }

  #clear(): void {
    this.#chunks = [];
    this.#bytes = 0;
    this.#wanted = 0;
  }
}
