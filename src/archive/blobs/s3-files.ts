/** Objects in a bucket of S3 or what speaks like it. An object appears whole or not at all, and is there for all readers at once. */
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand, DeleteObjectCommand, GetObjectCommand, HeadObjectCommand, ListMultipartUploadsCommand, ListObjectsV2Command, S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { ObjectFile, ObjectFiles } from './object-files.ts';
import { storeRefused, storeUnavailable } from './store-failure.ts';

export interface Bucket {
  readonly bucket: string;
  /** Of every object: '' or `folder/`. */
  readonly prefix: string;
  /** Undefined: Amazon's own. */
  readonly endpoint: string | undefined;
  readonly region: string;
}

/** The smallest part that S3 takes (but the last): one is held in memory for each write. */
const PART_BYTES = 5 * 1024 * 1024;

export class S3Files implements ObjectFiles {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;

  /** Credentials are found as Amazon's tools do: environment, profile, role of the machine. */
  constructor({ bucket, prefix, endpoint, region }: Bucket) {
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#client = new S3Client({
      region,
      // Other servers than Amazon's have no host name for each bucket, and know no checksum trailers; each piece is authentic by itself.
      ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  }

  async write(name: string, bytes: AsyncIterable<Buffer>, signal?: AbortSignal): Promise<number> {
    let written = 0;
    let failed: { readonly error: unknown } | undefined;
    const counted = async function* () {
      try {
        for await (const piece of bytes) {
          written += piece.length;
          yield piece;
        }
      } catch (error) {
        failed = { error };
        throw error;
      }
    };
    const upload = new Upload({
      client: this.#client,
      params: { Bucket: this.#bucket, Key: this.#prefix + name, Body: Readable.from(counted()) },
      partSize: PART_BYTES,
      queueSize: 1,
    });
    const abort = () => void upload.abort();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      signal?.throwIfAborted();
      await upload.done();
      return written;
    } catch (error) {
      // What the bytes throw is not the store's failure.
      if (failed !== undefined) throw failed.error;
      signal?.throwIfAborted();
      throw failure(error);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  async read(name: string): Promise<Readable | undefined> {
    const answer = await this.#send(() => this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + name })));
    const body = answer?.Body;
    if (body === undefined) return undefined;
    if (!(body instanceof Readable)) throw new Error('the S3 client of Node gives a Readable');
    return body;
  }

  async has(name: string): Promise<boolean> {
    return (await this.#send(() => this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + name })))) !== undefined;
  }

  async remove(name: string): Promise<void> {
    await this.#send(() => this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + name })));
  }

  async *list(folder: string): AsyncGenerator<ObjectFile> {
    let token: string | undefined;
    do {
      const ContinuationToken = token;
      const page = await this.#send(() =>
        this.#client.send(new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: `${this.#prefix}${folder}/`, ContinuationToken })),
      );
      for (const { Key: key, LastModified: writtenAt } of page?.Contents ?? []) {
        if (key !== undefined && writtenAt !== undefined) yield { name: key.slice(this.#prefix.length), writtenAt };
      }
      token = page?.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  /** A thousand at a time, as S3 lists them: the collection comes again. */
  async removeBroken(before: Date): Promise<void> {
    const page = await this.#send(() => this.#client.send(new ListMultipartUploadsCommand({ Bucket: this.#bucket, Prefix: this.#prefix })));
    for (const { Key, UploadId, Initiated } of page?.Uploads ?? []) {
      if (Initiated === undefined || Initiated >= before) continue;
      await this.#send(() => this.#client.send(new AbortMultipartUploadCommand({ Bucket: this.#bucket, Key, UploadId })));
    }
  }

  /** Undefined: there is no such object. */
  async #send<T>(request: () => Promise<T>): Promise<T | undefined> {
    try {
      return await request();
    } catch (error) {
      if (statusOf(error) === 404 && nameOf(error) !== 'NoSuchBucket') return undefined;
      throw failure(error);
    }
  }
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');
const statusOf = (error: unknown): number | undefined => {
  const metadata = error instanceof Error && '$metadata' in error ? error.$metadata : undefined;
  return typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata && typeof metadata.httpStatusCode === 'number'
    ? metadata.httpStatusCode
    : undefined;
};

/** 4xx says that bucket or credentials are wrong, but for time-outs (408) and too many requests (429). */
function failure(error: unknown): Error {
  const status = statusOf(error);
  const refused = status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429;
  return refused || nameOf(error) === 'CredentialsProviderError' ? storeRefused(error) : storeUnavailable(error);
}
