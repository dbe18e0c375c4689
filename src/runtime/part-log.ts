import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

const MAX_BYTES = 10 * 1024 * 1024;
/** `server.log` and `server.log.1` to `.3`: at most 40 MB a part. */
const KEPT_FILES = 3;
/** Enough to hold a stack trace and what led to it. */
const TAIL_LINES = 25;
const MAX_TAIL_LINE = 2000;

/** What a part writes, in a file that is rotated by size; the last lines are kept at hand for messages. */
export class PartLog {
  readonly file: string;
  #descriptor: number;
  #size: number;
  readonly #maxBytes: number;
  #tail: string[] = [];
  #unfinished = '';

  constructor(file: string, maxBytes = MAX_BYTES) {
    this.file = file;
    this.#maxBytes = maxBytes;
    this.#descriptor = openSync(file, 'a', 0o600);
    this.#size = fstatSync(this.#descriptor).size;
  }

  /** Synchronous: the lines before a crash are those that matter. A full disk must not end the part that writes. */
  write(chunk: Buffer): void {
    try {
      if (this.#size > 0 && this.#size + chunk.length > this.#maxBytes) this.#rotate();
      writeSync(this.#descriptor, chunk);
      this.#size += chunk.length;
    } catch {
      // Nowhere to say it.
    }
    const lines = (this.#unfinished + chunk.toString('utf8')).split(/\r?\n/);
    this.#unfinished = (lines.pop() ?? '').slice(0, MAX_TAIL_LINE);
    this.#tail = [...this.#tail, ...lines.map((line) => line.slice(0, MAX_TAIL_LINE))].slice(-TAIL_LINES);
  }

  /** The last lines of what is running now. */
  tail(): readonly string[] {
    return this.#unfinished === '' ? this.#tail : [...this.#tail, this.#unfinished].slice(-TAIL_LINES);
  }

  /** A new process writes from here on: forget the tail of the one before. */
  begin(): void {
    this.#tail = [];
    this.#unfinished = '';
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #rotate(): void {
    closeSync(this.#descriptor);
    for (let number = KEPT_FILES; number > 0; number--) {
      const from = number === 1 ? this.file : `${this.file}.${number - 1}`;
      try {
        renameSync(from, `${this.file}.${number}`);
      } catch {
        // Not that many yet.
      }
    }
    this.#descriptor = openSync(this.file, 'a', 0o600);
    this.#size = fstatSync(this.#descriptor).size;
  }
}
