/**
 * Stands for what a message holds, however it is written: Exchange makes MIME anew at each read, with other boundaries and encodings. Two
 * readings of an item have one digest; it groups copies and confirms acts, and never decides what is shown.
 */
import { createHash } from 'node:crypto';

/** Stored beside each digest: digests of two versions are not compared. */
export const DIGEST_VERSION = 1;

export interface DigestedPart {
  /** In lower case. */
  readonly contentType: string;
  /** Of the decoded part. Of a message in a message: its own digest, since it is made anew too. */
  readonly sha256: Buffer;
}

/** Version 1: SHA-256 over a line for each leaf part, in order: content type, space, hex SHA-256. */
export class ContentDigest {
  readonly #hash = createHash('sha256').update(`lockstep-content-${DIGEST_VERSION}\n`);

  add({ contentType, sha256 }: DigestedPart): void {
    this.#hash.update(`${contentType} ${sha256.toString('hex')}\n`);
  }

  value(): Buffer {
    return this.#hash.digest();
  }
}
