/**
 * Content of a mailbox's items. The platform says which items want it, page by page, newest first; it is read in calls of a few small items
 * or one large one, streamed to disk, sent to the platform as blobs, and only then reported. While one lot is sent the next is read.
 *
 * Nothing here is remembered: whatever is cut off, the platform still wants what was not reported.
 */
import type { Readable } from 'node:stream';
import type { BlobClient } from '../../client/blob-client.ts';
import type { Claimed, MailboxClient } from '../../client/mailbox-client.ts';
import type { Mailbox } from '../../exchange/mailbox.ts';
import { LockstepError } from '../../shared/errors.ts';
import type { SourceItemId } from '../../shared/mailbox.ts';
import type { ContentReport, ContentWork } from '../../shared/mailbox-contract.ts';
import type { ContentSpool, SpooledContent } from './content-spool.ts';

/** How content gets from this machine to the platform. */
export interface ContentTransfer {
  readonly spool: Pick<ContentSpool, 'take' | 'remove'>;
  readonly blobs: Pick<BlobClient, 'putBlob'>;
}

/** A sweep leaves more than this to an activity of its own. */
export interface ContentBudget {
  readonly items: number;
  readonly bytes: number;
}

export interface ContentOptions {
  readonly mailbox: Pick<Mailbox, 'readContent' | 'readItems'>;
  readonly client: Pick<MailboxClient, 'nextContent' | 'reportContent'>;
  readonly claimed: Claimed;
  readonly transfer: ContentTransfer;
  readonly signal: AbortSignal;
  /** Absent: to the end. */
  readonly budget?: ContentBudget;
  /** A lot was reported. */
  readonly onReport: () => void;
  /** Bytes arrived: it gets somewhere, though nothing is committed yet. */
  readonly onBytes: (count: number) => void;
}

type WantedItem = ContentWork['items'][number];
type Reported = ContentReport['items'][number];

/** Items a call: Microsoft's advice for GetItem. */
const ITEMS_A_CALL = 10;
/** Together in a call. A larger item is asked for alone, so that a call that fails costs no more than this or that item. */
const BYTES_A_CALL = 8 * 1024 * 1024;
/** A lot is sent and reported together: one commit of the platform. Two of them are on disk at most, and a large item each. */
const ITEMS_A_LOT = 50;
const BYTES_A_LOT = 32 * 1024 * 1024;
const UPLOADS_AT_ONCE = 4;

/**
 * `deferred`: more is wanted than the budget allows, and nothing was read.
 * @throws LockstepError
 */
export async function replicateContent(options: ContentOptions): Promise<'finished' | 'deferred'> {
  await using reading = new ContentReading(options);
  return await reading.run();
}

interface Lot {
  readonly reported: Reported[];
  readonly files: SpooledContent[];
  bytes: number;
}

class ContentReading implements AsyncDisposable {
  readonly #options: ContentOptions;
  /** On disk, and nowhere else yet. */
  readonly #files = new Set<SpooledContent>();
  #lot: Lot = { reported: [], files: [], bytes: 0 };
  #sending: Promise<void> = Promise.resolve();

  constructor(options: ContentOptions) {
    this.#options = options;
  }

  async run(): Promise<'finished' | 'deferred'> {
    const { client, claimed, signal, budget } = this.#options;
    let work = await client.nextContent(claimed, null, signal);
    if (budget !== undefined && exceeds(work, budget)) return 'deferred';
    for (;;) {
      for (const call of callsOf(work.items)) {
        this.#lot.reported.push(...(await this.#read(call)));
        if (this.#lot.reported.length >= ITEMS_A_LOT || this.#lot.bytes >= BYTES_A_LOT) await this.#send();
      }
      if (work.next === null) break;
      work = await client.nextContent(claimed, work.next, signal);
    }
    await this.#send();
    await this.#sending;
    return 'finished';
  }

  /** What was not sent is read again another time. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([this.#sending]);
    await Promise.all([...this.#files].map((file) => this.#remove(file)));
  }

  /** Waits until the lot before is with the platform; then this one is under way. */
  async #send(): Promise<void> {
    await this.#sending;
    const lot = this.#lot;
    if (lot.reported.length === 0) return;
    this.#lot = { reported: [], files: [], bytes: 0 };
    this.#sending = this.#deliver(lot);
    // Looked at when the next one is sent.
    this.#sending.catch(() => undefined);
  }

  async #deliver({ reported, files }: Lot): Promise<void> {
    const { client, claimed, transfer, signal, onReport } = this.#options;
    const waiting = [...files];
    const uploads = Array.from({ length: UPLOADS_AT_ONCE }, async () => {
      for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
        await transfer.blobs.putBlob(file, signal);
        await this.#remove(file);
      }
    });
    // All of them have ended before anybody removes files.
    const failed = (await Promise.allSettled(uploads)).find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    await client.reportContent(claimed, { items: reported }, signal);
    onReport();
  }

  async #read(items: readonly WantedItem[]): Promise<Reported[]> {
    const [first] = items;
    if (first === undefined) return [];
    try {
      return await this.#call(items);
    } catch (error) {
      const failure = this.#ofTheSource(error);
      if (items.length === 1) return this.#again(first, failure);
      // One of them may break the answer: the others are not to suffer.
      const reported: Reported[] = [];
      for (const item of items) reported.push(...(await this.#read([item])));
      return reported;
    }
  }

  /** Twice no answer: where the server answers other questions about the item, it is the item's affair. */
  async #again(item: WantedItem, before: LockstepError): Promise<Reported[]> {
    const { mailbox, signal } = this.#options;
    try {
      return await this.#call([item]);
    } catch (error) {
      this.#ofTheSource(error);
    }
    const { gone } = await mailbox.readItems([item.source], signal);
    if (gone.length > 0) return [{ item: item.item, outcome: 'gone' }];
    return [{ item: item.item, outcome: 'unreadable', code: before.code, detail: before.message }];
  }

  /** The failure of a call that another call may do without; any other is thrown. */
  #ofTheSource(error: unknown): LockstepError {
    this.#options.signal.throwIfAborted();
    if (error instanceof LockstepError && error.class === 'Unavailable' && error.code !== 'site.spool-failed') return error;
    throw error;
  }

  async #call(items: readonly WantedItem[]): Promise<Reported[]> {
    const { mailbox, transfer, signal, onBytes } = this.#options;
    const asked = new Map<SourceItemId, WantedItem>(items.map((item) => [item.source, item]));
    const taken: SpooledContent[] = [];
    const taking: Promise<SpooledContent>[] = [];
    const take = async (mime: Readable) => {
      const file = await transfer.spool.take(mime, onBytes);
      taken.push(file);
      this.#files.add(file);
      return file;
    };
    const sink = (mime: Readable) => {
      const file = take(mime);
      taking.push(file);
      return file;
    };
    const reported: Reported[] = [];
    const files: SpooledContent[] = [];
    try {
      for await (const outcome of mailbox.readContent([...asked.keys()], sink, signal)) {
        const item = asked.get(outcome.id)?.item;
        if (item === undefined) continue;
        if (outcome.outcome === 'read') {
          files.push(outcome.taken);
          reported.push({ item, outcome: 'read', changeKey: outcome.changeKey, blob: outcome.taken.hash, bytes: outcome.taken.bytes });
        } else if (outcome.outcome === 'gone') reported.push({ item, outcome: 'gone' });
        else reported.push({ item, outcome: 'unreadable', code: outcome.code, detail: outcome.detail });
      }
    } catch (error) {
      // A call that failed has no outcome, whatever was taken of it.
      await Promise.allSettled(taking);
      await Promise.all(taken.map((file) => this.#remove(file)));
      throw error;
    }
    this.#lot.files.push(...files);
    this.#lot.bytes += files.reduce((sum, { bytes }) => sum + bytes, 0);
    await Promise.all(taken.filter((file) => !files.includes(file)).map((file) => this.#remove(file)));
    return reported;
  }

  async #remove(file: SpooledContent): Promise<void> {
    await this.#options.transfer.spool.remove(file);
    this.#files.delete(file);
  }
}

const exceeds = ({ items, next }: ContentWork, budget: ContentBudget): boolean =>
  next !== null || items.length > budget.items || items.reduce((sum, { size }) => sum + size, 0) > budget.bytes;

/** Small ones together, in their order; a large one alone. */
export function callsOf(items: readonly WantedItem[]): WantedItem[][] {
  const calls: WantedItem[][] = [];
  let call: WantedItem[] = [];
  let bytes = 0;
  for (const item of items) {
    if (call.length === ITEMS_A_CALL || (call.length > 0 && bytes + item.size > BYTES_A_CALL)) {
      calls.push(call);
      [call, bytes] = [[], 0];
    }
    call.push(item);
    bytes += item.size;
  }
  if (call.length > 0) calls.push(call);
  return calls;
}
