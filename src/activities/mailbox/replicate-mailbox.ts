/**
 * One walk over a mailbox: its hierarchy, then the folders that changed, until nothing more is new. What the platform keeps is a cursor a
 * page, so that whoever comes next goes on where this one stopped.
 *
 * A mailbox changes while it is read. So after a walk that brought something the hierarchy and the hints are asked for again, and what
 * changed meanwhile is read too: a message that was moved between the readings of two folders is then in one of them when the pass
 * is completed. A mailbox that never rests is completed after WALKS.
 *
 * A folder in which nothing ever was is not read at all: most folders of most mailboxes are such. Its hint is kept, and once it is another
 * one the folder is read from its beginning.
 */
import type { Claimed, MailboxClient, PagePosition } from '../../client/mailbox-client.ts';
import type { Mailbox } from '../../exchange/mailbox.ts';
import type { MailboxCapability } from '../../shared/mailbox-capabilities.ts';
import { type ErrorReport, LockstepError } from '../../shared/errors.ts';
import type { FolderId } from '../../shared/ids.ts';
import type { FolderHint, FolderPage, HierarchyPage, SourceFolderId, SourceItemId } from '../../shared/mailbox.ts';
import type { CursorState, FolderCursor, MailboxClaim, MailboxPageAnswer } from '../../shared/mailbox-contract.ts';

const WALKS = 3;

/** A sweep leaves what takes longer than this to an activity of its own. */
export interface Budget {
  readonly pages: number;
  readonly ms: number;
}

export interface ReplicationOptions {
  readonly mailbox: Mailbox;
  readonly capabilities: ReadonlySet<MailboxCapability>;
  readonly client: Pick<MailboxClient, 'postHierarchy' | 'postFolder' | 'restart' | 'complete'>;
  readonly claim: MailboxClaim;
  readonly signal: AbortSignal;
  /** Absent: to the end. */
  readonly budget?: Budget;
  /** A page was committed. */
  readonly onPage?: (pages: number) => void;
}

/** `quiet`: nothing was new, nothing was posted. `deferred`: the budget is used up, and what was read is kept. */
export type ReplicationResult =
  | { readonly outcome: 'finished' }
  | { readonly outcome: 'quiet'; readonly verified: boolean }
  | { readonly outcome: 'deferred' };

/** @throws LockstepError */
export async function replicateMailbox(options: ReplicationOptions): Promise<ReplicationResult> {
  const { claim, budget } = options;
  // A first replication is never a little.
  if (budget !== undefined && (claim.hierarchy.phase === 'full' || claim.folders.some(isUnread))) return { outcome: 'deferred' };
  try {
    return await new Replication(options).run();
  } catch (error) {
    if (error instanceof BudgetUsedUp) return { outcome: 'deferred' };
    throw error;
  }
}

/** Something of it was read, or is to be read, from the beginning. */
const isUnread = ({ cursor, hint }: Pick<KnownFolder, 'cursor' | 'hint'>): boolean => cursor.phase === 'full' && !(isUntouched(cursor) && hint !== null);
/** Nothing of it was ever read. */
const isUntouched = ({ phase, epoch, state }: CursorState): boolean => phase === 'full' && epoch === 1 && state === null;

class BudgetUsedUp extends Error {}

interface KnownFolder {
  readonly folder: FolderId;
  readonly source: SourceFolderId;
  cursor: CursorState;
  /** As of its last reading. */
  hint: string | null;
  retry: FolderCursor['retry'];
}

class Replication {
  readonly #options: ReplicationOptions;
  readonly #claimed: Claimed;
  readonly #deadline: number;
  #hierarchy: CursorState;
  #folders: Map<FolderId, KnownFolder>;
  readonly #hints = new Map<FolderId, string>();
  readonly #failures = new Map<FolderId, ErrorReport>();
  readonly #wrongHints = new Set<FolderId>();
  #pages = 0;

  constructor(options: ReplicationOptions) {
    this.#options = options;
    this.#claimed = options.claim;
    this.#deadline = options.budget === undefined ? Number.POSITIVE_INFINITY : performance.now() + options.budget.ms;
    this.#hierarchy = options.claim.hierarchy;
    this.#folders = new Map(options.claim.folders.map((folder) => [folder.folder, { ...folder }]));
  }

  async run(): Promise<ReplicationResult> {
    const { claim, capabilities, client, signal } = this.#options;
    const verified = !claim.trustHints || !capabilities.has('folder-hints');
    let suspects = new Map<FolderId, string>();
    for (let walk = 1; walk <= WALKS; walk += 1) {
      const before = this.#pages;
      await this.#walkHierarchy();
      const hints = await this.#currentHints();
      // Unless it changed since: the hint was right, and only older than the reading.
      for (const [folder, hint] of suspects) if (hints?.get(this.#folders.get(folder)?.source ?? '')?.hint === hint) this.#wrongHints.add(folder);
      suspects = await this.#walkFolders(hints, walk === 1);
      if (this.#pages === before || hints === undefined) break;
    }
    if (this.#pages === 0 && this.#hints.size === 0 && this.#failures.size === 0 && !claim.passOpen) return { outcome: 'quiet', verified };
    const completion = {
      hints: [...this.#hints].map(([folder, hint]) => ({ folder, hint })),
      failures: [...this.#failures].map(([folder, error]) => ({ folder, error })),
      wrongHints: [...this.#wrongHints],
      verified: verified && this.#failures.size === 0,
    };
    await client.complete(this.#claimed, completion, signal);
    return { outcome: 'finished' };
  }

  /** By the ids of the source; undefined: the source has none. */
  async #currentHints(): Promise<ReadonlyMap<string, FolderHint> | undefined> {
    const { mailbox, capabilities, signal } = this.#options;
    if (!capabilities.has('folder-hints')) return undefined;
    return new Map((await mailbox.folderHints(signal)).map((hint) => [hint.id, hint]));
  }

  /** Gives the folders that had changed though their hints had not. */
  async #walkFolders(hints: ReadonlyMap<string, FolderHint> | undefined, first: boolean): Promise<Map<FolderId, string>> {
    const { claim } = this.#options;
    const suspects = new Map<FolderId, string>();
    let failedBefore = false;
    for (const known of this.#folders.values()) {
      if (this.#failures.has(known.folder)) continue;
      const now = hints?.get(known.source);
      const hint = now?.hint;
      if (now?.empty === true && isUntouched(known.cursor)) {
        if (hint !== known.hint) this.#hints.set(known.folder, now.hint);
        known.hint = now.hint;
        continue;
      }
      const unchanged = known.cursor.phase === 'delta' && hint !== undefined && hint === known.hint;
      if (unchanged && !(first && !claim.trustHints) && known.retry.length === 0) continue;
      const before = this.#pages;
      const { epoch } = known.cursor;
      try {
        if (!unchanged || (first && !claim.trustHints)) await this.#readFolder(known);
        // What a reading from the beginning brings tells nothing of changes.
        if (unchanged && this.#pages > before && known.cursor.epoch === epoch) suspects.set(known.folder, hint);
        await this.#retry(known);
      } catch (error) {
        if (!(error instanceof SourceFailure)) throw error;
        const { failure } = error;
        if (failure.code === 'mailbox.folder-gone') continue;
        // One folder that fails is the folder's affair, two in a row are the server's.
        if (failure.class !== 'Unavailable' || failedBefore) throw failure;
        failedBefore = true;
        this.#failures.set(known.folder, failure.report());
        this.#hints.delete(known.folder);
        continue;
      }
      failedBefore = false;
      if (hint !== undefined && hint !== known.hint) this.#hints.set(known.folder, hint);
      known.hint = hint ?? null;
    }
    return suspects;
  }

  async #walkHierarchy(): Promise<void> {
    const { mailbox, client, signal } = this.#options;
    const read = async () => {
      const before = this.#pages;
      for await (const page of fromSource(mailbox.syncHierarchy(this.#hierarchy.state, signal), signal)) {
        const { phase } = this.#hierarchy;
        const empty = page.folders.length + page.removed.length === 0;
        if (phase === 'delta' && empty && (!page.last || this.#pages === before)) {
          this.#hierarchy = { ...this.#hierarchy, state: page.state };
          continue;
        }
        const { next, folders } = await this.#committed(client.postHierarchy(this.#claimed, this.#hierarchy, page, signal));
        this.#hierarchy = continued(this.#hierarchy, next, page);
        if (folders !== undefined) this.#take(folders);
        this.#spend();
      }
    };
    try {
      await readAgainWhenRefused(read, async () => {
        this.#hierarchy = await client.restart(this.#claimed, null, signal);
        this.#leaveLong();
      });
    } catch (error) {
      throw error instanceof SourceFailure ? error.failure : error;
    }
  }

  /** What this walk knows of a folder is newer than what the platform does. */
  #take(folders: readonly FolderCursor[]): void {
    this.#folders = new Map(
      folders.map((folder) => {
        const known = this.#folders.get(folder.folder);
        return [folder.folder, known === undefined ? { ...folder } : { ...folder, hint: known.hint }];
      }),
    );
    for (const folder of this.#hints.keys()) if (!this.#folders.has(folder)) this.#hints.delete(folder);
  }

  async #readFolder(known: KnownFolder): Promise<void> {
    const { mailbox, client, signal } = this.#options;
    const read = async () => {
      for await (const page of fromSource(mailbox.syncFolder(known.source, known.cursor.state, signal), signal)) {
        const empty = page.items.length + page.removed.length + page.read.length + page.problems.length === 0;
        if (known.cursor.phase === 'delta' && empty) known.cursor = { ...known.cursor, state: page.state };
        else await this.#postFolder(known, page);
      }
    };
    const restart = async () => {
      known.cursor = await client.restart(this.#claimed, known.folder, signal);
      this.#leaveLong();
    };
    // Begun by an earlier attempt, before the hint was asked for: its last page may not tell what changed since its first one.
    const resumed = known.cursor.phase === 'full' && known.cursor.state !== null;
    await readAgainWhenRefused(read, restart);
    if (resumed) await readAgainWhenRefused(read, restart);
  }

  /** The platform names more when these are there; ids that it names again bring nothing new. */
  async #retry(known: KnownFolder): Promise<void> {
    const { mailbox, signal } = this.#options;
    for (let asked = new Set<SourceItemId>(); ; ) {
      const { cursor: { state, phase } } = known;
      if (state === null || phase === 'full') return;
      const retry = known.retry.filter((id) => !asked.has(id));
      known.retry = [];
      if (retry.length === 0) return;
      asked = new Set(retry);
      const { items, problems, gone } = await fromSourceOnce(mailbox.readItems(retry, signal), signal);
      await this.#postFolder(known, { items, problems, removed: gone, read: [], state, last: true });
    }
  }

  async #postFolder(known: KnownFolder, page: FolderPage): Promise<void> {
    const { client, signal } = this.#options;
    const { next, retry } = await this.#committed(client.postFolder(this.#claimed, known.folder, known.cursor, page, signal));
    known.cursor = continued(known.cursor, next, page);
    if (retry !== undefined) known.retry = [...new Set([...known.retry, ...retry])];
    this.#spend();
  }

  async #committed(posted: Promise<MailboxPageAnswer>): Promise<Extract<MailboxPageAnswer, { readonly next: unknown }>> {
    const answer = await posted;
    if (!('next' in answer)) throw outOfOrder();
    this.#pages += 1;
    this.#options.onPage?.(this.#pages);
    return answer;
  }

  /** Only after a page was committed: nothing that was read is thrown away. */
  #spend(): void {
    const { budget } = this.#options;
    if (budget !== undefined && (this.#pages > budget.pages || performance.now() > this.#deadline)) throw new BudgetUsedUp();
  }

  /** A full reading is not for a sweep. */
  #leaveLong(): void {
    if (this.#options.budget !== undefined) throw new BudgetUsedUp();
  }
}

const continued = (cursor: CursorState, next: PagePosition, page: HierarchyPage | FolderPage): CursorState => ({
  ...next,
  phase: cursor.phase === 'full' && page.last ? 'delta' : cursor.phase,
  state: page.state,
});

/** A failure of the source, told from one of the platform, whose classes are the same. */
class SourceFailure extends Error {
  readonly failure: LockstepError;
  constructor(failure: LockstepError) {
    super(failure.message, { cause: failure });
    this.failure = failure;
  }
}

function asSourceFailure(error: unknown, signal: AbortSignal): unknown {
  return error instanceof LockstepError && !signal.aborted ? new SourceFailure(error) : error;
}

async function* fromSource<Page>(pages: AsyncIterable<Page>, signal: AbortSignal): AsyncGenerator<Page> {
  try {
    yield* pages;
  } catch (error) {
    throw asSourceFailure(error, signal);
  }
}

async function fromSourceOnce<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw asSourceFailure(error, signal);
  }
}

/** A state that is refused is given up once; a new one that is refused too is the server's failure. */
async function readAgainWhenRefused(read: () => Promise<void>, restart: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof SourceFailure) || error.failure.class !== 'CursorInvalid' || error.failure.code === 'mailbox.folder-gone') throw error;
    await restart();
    await read();
  }
}

/** Another attempt of the same mailbox wrote between two pages of this one. */
const outOfOrder = (): LockstepError =>
  new LockstepError({
    class: 'CursorInvalid',
    code: 'mailbox.page-out-of-order',
    message: 'The platform expected another page of the mailbox than the one that was sent.',
    next: 'Nothing: the mailbox is claimed again and read on from where the platform is.',
  });
