/**
 * Encryption of a stream, so that neither side ever holds all of it: the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár,
 * CRYPTO 2015), as in age (https://age-encryption.org/v1). Each file has a key of its own, derived with a random salt, so the count
 * of files under one purpose key has no bound that matters.
 *
 * Bytes: header | pieces. Header: version (1) | packed (1) | id of the organisation key (16) | salt (32). A piece: up to 64 KiB
 * encrypted with AES-256-GCM | tag (16); nonce: its number (11, big-endian) | 1 in the last piece, else 0. The header and what the
 * bytes are (`context`) are bound to every piece. Pieces that were changed, moved, left out or cut off do not open.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { NamedKey } from '../../security/keyring.ts';
import { blobDamaged } from './store-failure.ts';

const VERSION = 1;
const ID_BYTES = 16;
const SALT_BYTES = 32;
const HEADER_BYTES = 2 + ID_BYTES + SALT_BYTES;
export const PIECE_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
const KEY_BYTES = 32;

export interface EncryptedFile {
  /** The bytes were packed before they were encrypted. */
  readonly packed: boolean;
  readonly bytes: AsyncIterable<Buffer>;
}

export async function* encryptPieces({ packed, bytes }: EncryptedFile, { id, key }: NamedKey, context: string): AsyncGenerator<Buffer> {
  const salt = randomBytes(SALT_BYTES);
  const header = Buffer.concat([Buffer.of(VERSION, packed ? 1 : 0), Buffer.from(id.replaceAll('-', ''), 'hex'), salt]);
  const fileKey = fileKeyOf(key, salt);
  const bound = boundData(header, context);
  yield header;
  for await (const { piece, number, last } of pieces(bytes, PIECE_BYTES)) {
    const cipher = createCipheriv('aes-256-gcm', fileKey, nonceOf(number, last), { authTagLength: TAG_BYTES });
    cipher.setAAD(bound);
    yield Buffer.concat([cipher.update(piece), cipher.final(), cipher.getAuthTag()]);
  }
}

/**
 * `keyNamed`: the key of that id, undefined when there is none.
 * @throws LockstepError ItemUnreadable `blob.damaged`, also in the middle of the bytes
 */
export async function decryptPieces(
  stored: AsyncIterable<Buffer>,
  keyNamed: (id: string) => Promise<Buffer | undefined>,
  context: string,
): Promise<EncryptedFile> {
  const reader = new Reader(stored);
  const header = await reader.take(HEADER_BYTES);
  const key = header.length === HEADER_BYTES && header[0] === VERSION ? await keyNamed(idOf(header)) : undefined;
  if (key === undefined) {
    await reader.close();
    throw blobDamaged();
  }
  const fileKey = fileKeyOf(key, header.subarray(2 + ID_BYTES));
  const bound = boundData(header, context);
  const decrypted = async function* () {
    for await (const { piece, number, last } of pieces(reader.rest(), PIECE_BYTES + TAG_BYTES)) {
      yield openPiece(fileKey, piece, nonceOf(number, last), bound);
    }
  };
  return { packed: header[1] === 1, bytes: decrypted() };
}

function openPiece(key: Buffer, piece: Buffer, nonce: Buffer, bound: Buffer): Buffer {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(bound);
    decipher.setAuthTag(piece.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(piece.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch (cause) {
    throw blobDamaged(cause);
  }
}

const fileKeyOf = (key: Buffer, salt: Buffer): Buffer => Buffer.from(hkdfSync('sha256', key, salt, 'lockstep blob', KEY_BYTES));
const boundData = (header: Buffer, context: string): Buffer => Buffer.concat([header, Buffer.from(context, 'utf8')]);
const idOf = (header: Buffer): string =>
  header.toString('hex', 2, 2 + ID_BYTES).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

function nonceOf(number: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeUIntBE(number, NONCE_BYTES - 7, 6);
  nonce[NONCE_BYTES - 1] = last ? 1 : 0;
  return nonce;
}

interface Piece {
  readonly piece: Buffer;
  readonly number: number;
  readonly last: boolean;
}

/** The same bytes in pieces of one length; the last may be shorter, and is empty only when there is nothing at all. */
async function* pieces(bytes: AsyncIterable<Buffer>, length: number): AsyncGenerator<Piece> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let number = 0;
  for await (const given of bytes) {
    held.push(given);
    heldBytes += given.length;
    if (heldBytes <= length) continue;
    const joined = Buffer.concat(held);
    let at = 0;
    // Another byte must follow: which piece is the last is known only at the end.
    for (; joined.length - at > length; at += length) yield { piece: joined.subarray(at, at + length), number: number++, last: false };
    held = [joined.subarray(at)];
    heldBytes = joined.length - at;
  }
  yield { piece: Buffer.concat(held), number, last: true };
}

/** Takes some bytes from the front of a stream and leaves the rest. */
class Reader {
  readonly #source: AsyncIterator<Buffer>;
  #left = Buffer.alloc(0);
  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }
  /** Fewer when the stream ends before. */
  async take(length: number): Promise<Buffer> {
    while (this.#left.length < length) {
      const next: IteratorResult<Buffer> = await this.#source.next();
      if (next.done === true) break;
      this.#left = Buffer.concat([this.#left, next.value]);
    }
    const taken = this.#left.subarray(0, length);
    this.#left = this.#left.subarray(length);
    return taken;
  }
  async *rest(): AsyncGenerator<Buffer> {
    try {
      yield this.#left;
      for (;;) {
        const next: IteratorResult<Buffer> = await this.#source.next();
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await this.close();
    }
  }
  async close(): Promise<void> {
    await this.#source.return?.();
  }
}
