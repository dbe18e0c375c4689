/** Messages and their parts as they are read back: streamed, the exact bytes. */
import { pipeline, Readable, type Transform } from 'node:stream';
import { Encoder } from 'libbase64';
import type { OrganisationId } from '../../shared/ids.ts';
import type { BlobStore } from '../blobs/blob-store.ts';
import { NotFoundError } from '../record-errors.ts';
import { type MimeEvent, mimeEvents } from './mime-stream.ts';
import type { StoredContent, StoredPart } from './stored-content.ts';

/** The `.eml`, as it was first read. @throws LockstepError ItemUnreadable `blob.missing`, `blob.damaged`, also as errors of the stream */
export async function openMessage(blobs: Pick<BlobStore, 'get'>, organisation: OrganisationId, content: CutContent): Promise<Readable> {
  const rest = await blobs.get(organisation, content.blob);
  const cuts = content.parts.filter(isCut).toSorted((one, other) => one.cut.at - other.cut.at);
  return cuts.length === 0 ? rest : Readable.from(rebuilt(rest, cuts, (part) => blobs.get(organisation, part.sha256)), { objectMode: false });
}

/** A message by its blob, and the parts that are cut from it. */
export interface CutContent extends Pick<StoredContent, 'blob'> {
  readonly parts: readonly Pick<StoredPart, 'sha256' | 'cut'>[];
}
type CutPart = Pick<StoredPart, 'sha256'> & { readonly cut: NonNullable<StoredPart['cut']> };
const isCut = (part: Pick<StoredPart, 'sha256' | 'cut'>): part is CutPart => part.cut !== null;

async function* rebuilt(rest: Readable, cuts: readonly CutPart[], open: (part: CutPart) => Promise<Readable>): AsyncGenerator<Buffer> {
  const bytes = new ByteReader(rest);
  let at = 0;
  for (const part of cuts) {
    yield* bytes.take(part.cut.at - at);
    const encoder = new Encoder();
    pipeline(await open(part), encoder, () => undefined);
    yield* encoder as AsyncIterable<Buffer>;
    at = part.cut.at + part.cut.length;
  }
  yield* bytes.take(Number.POSITIVE_INFINITY);
}

/** A stream in pieces of the lengths that are asked for, none of them held. */
export class ByteReader {
  readonly #pieces: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: Readable) {
    this.#pieces = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  /** So many bytes, fewer when the stream ends. */
  async *take(count: number): AsyncGenerator<Buffer> {
    for (let left = count; left > 0; ) {
      if (this.#rest.length === 0) {
        const next = await this.#pieces.next();
        if (next.done === true) return;
        this.#rest = next.value;
      }
      const piece = this.#rest.subarray(0, Math.min(left, this.#rest.length));
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }
}

/**
 * A part, decoded.
 * @throws NotFoundError; as openMessage
 */
export async function openPart(blobs: Pick<BlobStore, 'get'>, organisation: OrganisationId, content: StoredContent, number: number): Promise<Readable> {
  const part = content.parts.find((each) => each.number === number);
  if (part === undefined) throw new NotFoundError('such part');
  if (part.cut !== null) return blobs.get(organisation, part.sha256);
  const message = await openMessage(blobs, organisation, content);
  // What cannot be taken apart, and what is no message, is its own only part.
  return part.sha256 === content.sha256 ? message : decodedPart(message, number);
}

async function decodedPart(message: Readable, number: number): Promise<Readable> {
  const events = mimeEvents(message);
  for (let seen = 0; ; ) {
    const next: IteratorResult<MimeEvent> = await events.next();
    if (next.done === true) throw new Error('a message without a part that it had');
    if (next.value.kind === 'part' && (seen += 1) === number) return decoded(events, next.value.node.getDecoder());
  }
}

function decoded(events: AsyncGenerator<MimeEvent>, decoder: Transform): Readable {
  const encoded = async function* () {
    for await (const event of events) {
      if (event.kind === 'part') return;
      yield event.value;
    }
  };
  return pipeline(Readable.from(encoded(), { objectMode: false }), decoder, () => undefined);
}
