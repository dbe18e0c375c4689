/** What a message consists of, found while its bytes pass by. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { PassThrough, type Readable, type Transform } from 'node:stream';
import type { MimeNode } from '@zone-eu/mailsplit';
import { Encoder } from 'libbase64';
import { storable } from '../directory-text.ts';
import { ContentDigest } from './content-digest.ts';
import { mimeEvents, UnstructuredMimeError } from './mime-stream.ts';

export interface MimePart {
  /** From 1, in the order of the message. */
  readonly number: number;
  readonly contentType: string;
  readonly charset: string | null;
  readonly name: string | null;
  /** inline, attachment … */
  readonly disposition: string | null;
  /** Without its brackets: what HTML refers to. */
  readonly contentId: string | null;
  /** Decoded. */
  readonly bytes: number;
  readonly sha256: Buffer;
  /** Where its base64 is in the message, where writing the decoded bytes anew gives these very characters. */
  readonly base64: { readonly at: number; readonly length: number } | null;
}

export interface MimeContent {
  readonly bytes: number;
  readonly parts: readonly MimePart[];
  /** Null: it could not be taken apart, and is one part. */
  readonly digest: Buffer | null;
}

/** Messages in messages: deeper than people forward. What is deeper is compared by its bytes. */
const DEEPEST_MESSAGE = 20;

/** What Exchange gives of a contact (RFC 6350) and of an appointment (RFC 5545) is no message: its lines would be taken for headers. */
const objects: ReadonlyMap<string, string> = new Map([['BEGIN:VCARD', 'text/vcard'], ['BEGIN:VCALENDAR', 'text/calendar']]);
const LONGEST_BEGINNING = 17;

/** Reads `mime` to its end. Holds none of it. @throws what `mime` fails with */
export async function readMimeContent(mime: Readable): Promise<MimeContent> {
  const pieces = (mime as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  let beginning: Buffer = Buffer.alloc(0);
  while (beginning.length < LONGEST_BEGINNING) {
    const next = await pieces.next();
    if (next.done === true) break;
    beginning = Buffer.concat([beginning, next.value]);
  }
  async function* all(): AsyncGenerator<Buffer> {
    if (beginning.length > 0) yield beginning;
    for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) yield next.value;
  }
  const [line = ''] = beginning.toString('latin1', 0, LONGEST_BEGINNING).split(/[\r\n]/);
  const contentType = objects.get(line.toUpperCase());
  return contentType === undefined ? readMessage(all()) : readObject(all(), contentType);
}

/** One part, which is the whole. */
async function readObject(pieces: AsyncIterable<Buffer>, contentType: string): Promise<MimeContent> {
  const whole = createHash('sha256');
  let bytes = 0;
  for await (const piece of pieces) {
    whole.update(piece);
    bytes += piece.length;
  }
  const sha256 = whole.digest();
  const digest = new ContentDigest();
  digest.add({ contentType, sha256 });
  const only: MimePart = { number: 1, contentType, charset: null, name: null, disposition: null, contentId: null, bytes, sha256, base64: null };
  return { bytes, parts: [only], digest: digest.value() };
}

async function readMessage(mime: AsyncIterable<Buffer>): Promise<MimeContent> {
  const whole = createHash('sha256');
  let bytes = 0;
  const counted = new PassThrough();
  const pumped = (async () => {
    try {
      for await (const chunk of mime) {
        whole.update(chunk);
        bytes += chunk.length;
        // Nobody listens any more when it cannot be taken apart: the rest is counted.
        if (!counted.destroyed && !counted.write(chunk)) await drained(counted);
      }
      counted.end();
    } catch (error) {
      counted.destroy(error as Error);
      throw error;
    }
  })();
  const [taken] = await Promise.all([takeApart(counted, DEEPEST_MESSAGE).catch(unlessSource), pumped]);
  // A digest over nothing would be that of any other message without parts.
  if (taken !== undefined && taken.parts.length > 0) return { ...taken, bytes };
  const only: MimePart = {
    number: 1, contentType: 'message/rfc822', charset: null, name: null, disposition: null, contentId: null, bytes, sha256: whole.digest(), base64: null,
  };
  return { bytes, parts: [only], digest: null };
}

const drained = (stream: PassThrough): Promise<void> =>
  new Promise((resolve) => {
    const go = () => {
      stream.off('drain', go).off('close', go);
      resolve();
    };
    stream.on('drain', go).on('close', go);
  });

function unlessSource(error: unknown): undefined {
  if (!(error instanceof UnstructuredMimeError)) throw error;
  return undefined;
}

async function takeApart(mime: Readable, levels: number): Promise<{ readonly parts: readonly MimePart[]; readonly digest: Buffer }> {
  const parts: MimePart[] = [];
  const digest = new ContentDigest();
  let open: PartReader | undefined;
  const finish = async () => {
    if (open === undefined) return;
    const { part, digested } = await open.end();
    open = undefined;
    parts.push(part);
    digest.add({ contentType: part.contentType, sha256: digested });
  };
  try {
    for await (const event of mimeEvents(mime)) {
      if (event.kind === 'part') {
        await finish();
        open = new PartReader(event.node, parts.length + 1, event.at, levels);
      } else await open?.write(event.value);
    }
    await finish();
  } finally {
    open?.abandon();
  }
  return { parts, digest: digest.value() };
}

/** Follows one part: decodes it, and writes it anew to see whether that gives the same. */
class PartReader {
  readonly #node: MimeNode;
  readonly #number: number;
  readonly #at: number;
  readonly #decoder: Transform;
  readonly #decoded: Promise<{ bytes: number; sha256: Buffer; inner: Buffer | undefined }>;
  readonly #rewritten: RewrittenBase64 | undefined;
  readonly #inner: PassThrough | undefined;

  constructor(node: MimeNode, number: number, at: number, levels: number) {
    this.#node = node;
    this.#number = number;
    this.#at = at;
    this.#decoder = node.getDecoder();
    this.#rewritten = node.encoding === 'base64' ? new RewrittenBase64() : undefined;
    this.#inner = node.contentType === 'message/rfc822' && levels > 0 ? new PassThrough() : undefined;
    this.#decoded = this.#decode(levels);
    // Looked at when the part ends.
    this.#decoded.catch(() => undefined);
  }

  async write(encoded: Buffer): Promise<void> {
    this.#rewritten?.found(encoded);
    if (!this.#decoder.write(encoded)) await Promise.race([once(this.#decoder, 'drain'), this.#decoded]);
  }

  async end(): Promise<{ part: MimePart; digested: Buffer }> {
    this.#decoder.end();
    const { bytes, sha256, inner } = await this.#decoded;
    const same = await this.#rewritten?.same();
    const { contentType, charset, filename, disposition, headers } = this.#node;
    const contentId = headers === false ? '' : headers.getFirst('Content-ID').replace(/^<|>$/g, '');
    const part: MimePart = {
      number: this.#number,
      contentType: textOf(contentType) ?? 'application/octet-stream',
      charset: textOf(charset),
      name: textOf(filename),
      disposition: textOf(disposition),
      contentId: textOf(contentId),
      bytes,
      sha256,
      base64: same === undefined ? null : { at: this.#at, length: same },
    };
    return { part, digested: inner ?? sha256 };
  }

  abandon(): void {
    this.#decoder.destroy();
    this.#inner?.destroy();
    this.#rewritten?.abandon();
  }

  async #decode(levels: number): Promise<{ bytes: number; sha256: Buffer; inner: Buffer | undefined }> {
    const hash = createHash('sha256');
    let bytes = 0;
    const inner = this.#inner === undefined ? undefined : takeApart(this.#inner, levels - 1).then(({ parts, digest }) => (parts.length === 0 ? undefined : digest), unlessSource);
    inner?.catch(() => undefined);
    for await (const chunk of this.#decoder as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
      await this.#rewritten?.decoded(chunk);
      if (this.#inner !== undefined && !this.#inner.destroyed && !this.#inner.write(chunk)) await drained(this.#inner);
    }
    this.#inner?.end();
    return { bytes, sha256: hash.digest(), inner: await inner };
  }
}

const HEADER_TEXT_MAX = 1000;
const textOf = (value: string | false): string | null => (value === false || value === '' ? null : storable(value.slice(0, HEADER_TEXT_MAX)));

const LINE_ENDS_MAX = 1000;

/** Compares base64 as it was found with base64 as we would write it: lines of 76 characters with CRLF between them (RFC 2045 §6.8). */
class RewrittenBase64 {
  readonly #found = createHash('sha256');
  readonly #written = createHash('sha256');
  readonly #encoder = new Encoder();
  readonly #encoded: Promise<void>;
  #length = 0;
  #lines = '';
  #odd = false;
  #writtenLength = 0;

  constructor() {
    this.#encoded = (async () => {
      for await (const chunk of this.#encoder as AsyncIterable<Buffer>) {
        this.#written.update(chunk);
        this.#writtenLength += chunk.length;
      }
    })();
    this.#encoded.catch(() => undefined);
  }

  /** Line ends after the last character are not part of it. */
  found(encoded: Buffer): void {
    let end = encoded.length;
    while (end > 0 && (encoded[end - 1] === 0x0a || encoded[end - 1] === 0x0d)) end -= 1;
    if (end === 0) {
      // Nobody writes pages of empty lines: they are not waited for.
      this.#odd ||= this.#lines.length > LINE_ENDS_MAX;
      if (!this.#odd) this.#lines += encoded.toString('latin1');
      return;
    }
    this.#found.update(this.#lines, 'latin1').update(encoded.subarray(0, end));
    this.#length += this.#lines.length + end;
    this.#lines = encoded.subarray(end).toString('latin1');
  }

  async decoded(bytes: Buffer): Promise<void> {
    if (!this.#encoder.write(bytes)) await once(this.#encoder, 'drain');
  }

  /** The length of the base64 when both are the same. */
  async same(): Promise<number | undefined> {
    this.#encoder.end();
    await this.#encoded;
    return !this.#odd && this.#length === this.#writtenLength && this.#found.digest().equals(this.#written.digest()) ? this.#length : undefined;
  }

  abandon(): void {
    this.#encoder.destroy();
  }
}
