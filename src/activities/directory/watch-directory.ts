import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { IngestClient } from '../../client/ingest-client.ts';
import type { ChangeFeed, DirectorySource } from '../../directory/directory-source.ts';
import type { DirectorySettings, DirectoryWatermark, ReconcileReason } from '../../shared/directory.ts';
import { type ErrorClass, type LockstepError, permanentErrorClasses } from '../../shared/errors.ts';
import type { IntegrationId } from '../../shared/ids.ts';
import type { DirectoryWatchTotals, WatchAnswer, WatchRequest } from '../../shared/site-contract.ts';
import { siteFailure, withClass } from './site-failure.ts';

export interface WatchDependencies {
  readonly ingest: IngestClient;
  openSource(access: NonNullable<WatchAnswer['access']>): Promise<DirectorySource>;
  readonly logger: Logger;
  readonly timing: Partial<WatchTiming>;
}

/** Of the activity. */
export interface WatchContext {
  readonly heartbeat: (details: WatchState) => void;
  /** Cancelled from outside. */
  readonly signal: AbortSignal;
}

export interface WatchTiming {
  /** A third of the watcher's heartbeat time-out: two may get lost. */
  readonly heartbeatMs: number;
  /** How long one activity watches before it is started anew: nothing of its history is needed any more. */
  readonly watchMs: number;
  /** How often the platform is asked whether settings, credential or watermark are other ones. */
  readonly refreshMs: number;
  /** First wait after a failure; doubled each time up to `longestWaitMs`. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  /** How long the controller of the watermark may be away before another one is asked, where DNS names several. */
  readonly controllerGoneMs: number;
}
const defaultTiming: WatchTiming = {
  heartbeatMs: 10_000,
  watchMs: 12 * 3_600_000,
  refreshMs: 60_000,
  firstWaitMs: 1000,
  longestWaitMs: 60_000,
  // A restart with updates takes less.
  controllerGoneMs: 15 * 60_000,
};

/** What an operator sees of it in Temporal: no name, no sentence. */
export type WatchState =
  | { readonly state: 'watching'; readonly polls: number; readonly pages: number }
  /** No full reading has left a watermark yet. */
  | { readonly state: 'no-watermark'; readonly polls: number; readonly pages: number }
  | { readonly state: 'waiting'; readonly code: string; readonly since: string; readonly failures: number };

/**
 * Watches a directory for changes: asks the source every `pollSeconds` on a connection that stays open, and posts only when there
 * is something. Ends after `watchMs`, or when settings or credential are other ones, to be started again; fails only when a
 * retry cannot cure it (a refused credential must not be tried again and again: that locks accounts).
 *
 *   refresh ──► watching ──► poll ──► nothing, or pages posted: wait pollSeconds, poll
 *    ▲   │                     ├────► stale, superseded, needs-full: refresh
 *    │   └► no watermark:      └────► Unavailable, Throttled, CursorInvalid: wait (doubling), refresh
 *    └───── wait pollSeconds
 */
export async function watchDirectory(deps: WatchDependencies, integration: IntegrationId, { heartbeat, signal }: WatchContext): Promise<DirectoryWatchTotals> {
  const logger = deps.logger.child({ integration });
  const watch = new Watch({ ...deps, logger }, integration, signal);
  const timing = { ...defaultTiming, ...deps.timing };
  heartbeat(watch.state);
  const timer = setInterval(() => heartbeat(watch.state), timing.heartbeatMs);
  try {
    return await watch.run(timing);
  } catch (error) {
    // Whatever else failed because of it: what was cancelled ends as cancelled.
    if (signal.aborted) throw signal.reason;
    const failure = withClass(error);
    logger.warn({ class: failure.class, code: failure.code, ...(failure === error ? {} : { err: error }) }, 'the directory is watched no more');
    throw siteFailure(failure);
  } finally {
    clearInterval(timer);
    watch.close();
  }
}

interface Place {
  readonly epoch: number;
  seq: number;
  watermark: DirectoryWatermark;
}

class Watch {
  readonly #deps: WatchDependencies;
  readonly #integration: IntegrationId;
  readonly #signal: AbortSignal;
  readonly #ended = new AbortController();
  #version: string | undefined;
  #settings: DirectorySettings | undefined;
  #feed: ChangeFeed | undefined;
  #place: Place | undefined;
  #pollMs = 0;
  #refreshed = Number.NEGATIVE_INFINITY;
  #polls = 0;
  #pages = 0;
  #failures = 0;
  #failingSince: Date | undefined;
  #failure: LockstepError | undefined;

  constructor(deps: WatchDependencies, integration: IntegrationId, signal: AbortSignal) {
    this.#deps = deps;
    this.#integration = integration;
    this.#signal = AbortSignal.any([signal, this.#ended.signal]);
  }

  get state(): WatchState {
    if (this.#failure !== undefined) {
      return { state: 'waiting', code: this.#failure.code, since: this.#failingSince?.toISOString() ?? '', failures: this.#failures };
    }
    return { state: this.#place === undefined ? 'no-watermark' : 'watching', polls: this.#polls, pages: this.#pages };
  }

  async run(timing: WatchTiming): Promise<DirectoryWatchTotals> {
    const ends = performance.now() + timing.watchMs;
    const totals = (outcome: DirectoryWatchTotals['outcome']): DirectoryWatchTotals => ({ outcome, polls: this.#polls, pages: this.#pages });
    while (performance.now() < ends) {
      let waitMs: number;
      try {
        if (this.#place === undefined || performance.now() - this.#refreshed >= timing.refreshMs) {
          if ((await this.#refresh()) === 'changed') return totals('changed');
        }
        const polled = await this.#poll();
        this.#recovered();
        waitMs = polled === 'elsewhere' ? timing.firstWaitMs : this.#pollMs;
      } catch (error) {
        this.#signal.throwIfAborted();
        const failure = withClass(error);
        if (failure.code === 'directory.paused') return totals('paused');
        this.#failed(failure);
        if (isPermanent(failure.class)) {
          await this.#sayGoodbye();
          throw failure;
        }
        await this.#giveUpController(timing.controllerGoneMs);
        waitMs = failure.waitMs ?? Math.min(timing.longestWaitMs, timing.firstWaitMs * 2 ** Math.min(this.#failures - 1, 20));
      }
      await pause(waitMs, undefined, { signal: this.#signal }).catch(() => this.#signal.throwIfAborted());
    }
    return totals('due');
  }

  close(): void {
    this.#feed?.close();
    this.#ended.abort();
  }

  /** Tells the platform how it goes, and asks where to go on. `changed`: with other settings or another credential. */
  async #refresh(): Promise<'same' | 'changed'> {
    const known = this.#version;
    const answer = await this.#deps.ingest.watch(this.#integration, this.#question(), this.#signal);
    if (known !== undefined && answer.version !== known) return 'changed';
    this.#version = answer.version;
    this.#pollMs = answer.pollSeconds * 1000;
    this.#refreshed = performance.now();
    const { cursor } = answer;
    const place = this.#place;
    // Of our own place we know better: empty polls move the watermark on without telling anybody.
    if (cursor === undefined) this.#place = undefined;
    else if (place === undefined || cursor.epoch !== place.epoch || cursor.seq !== place.seq) this.#place = { ...cursor };
    if (answer.access !== undefined && this.#feed === undefined) {
      this.#settings = answer.access.settings;
      this.#feed = (await this.#deps.openSource(answer.access)).changes(this.#signal);
    }
    return 'same';
  }

  #question(): WatchRequest {
    // Without a feed what was answered before is needed again. That the platform was away is no news to it.
    const failure = this.#failure?.code.startsWith('platform.') === true ? undefined : this.#failure?.report();
    return {
      ...(this.#version === undefined || this.#feed === undefined ? {} : { known: this.#version }),
      ...(failure === undefined ? {} : { failure }),
    };
  }

  /** One poll of the source. `elsewhere`: the platform has to be asked first where to go on. */
  async #poll(): Promise<'done' | 'elsewhere'> {
    const place = this.#place;
    if (place === undefined || this.#feed === undefined) return 'done';
    this.#polls += 1;
    for await (const step of this.#feed.poll(place.watermark)) {
      if (step.outcome === 'needs-full') {
        await this.#needsFull(place, step.reason, step.detail);
        return 'done';
      }
      const { page } = step;
      if (page.entries.length + page.members.length + page.changes.length + page.problems.length > 0) {
        const answer = await this.#deps.ingest.postChanges(this.#integration, place, page, this.#signal);
        if (answer.outcome === 'stale' || answer.outcome === 'superseded') {
          this.#deps.logger.info({ outcome: answer.outcome }, 'the platform goes on from elsewhere');
          this.#place = undefined;
          return 'elsewhere';
        }
        place.seq = answer.seq;
        this.#pages += 1;
      }
      place.watermark = page.watermark;
    }
    return 'done';
  }

  async #needsFull({ epoch }: Place, reason: ReconcileReason, detail: string): Promise<void> {
    this.#deps.logger.warn({ reason }, 'changes lead nowhere: a full reading is needed');
    await this.#deps.ingest.needsFull(this.#integration, { epoch, reason, detail }, this.#signal);
    this.#place = undefined;
  }

  #failed(failure: LockstepError): void {
    this.#failures += 1;
    this.#failingSince ??= new Date();
    if (failure.code !== this.#failure?.code) {
      this.#deps.logger.warn({ class: failure.class, code: failure.code, err: failure.cause }, 'the directory cannot be watched');
      this.#failure = failure;
    }
    // Whether a page that was being sent has arrived, the platform knows.
    this.#refreshed = Number.NEGATIVE_INFINITY;
    if (failure.class === 'CursorInvalid') this.#place = undefined;
  }

  #recovered(): void {
    if (this.#failure === undefined) return;
    this.#deps.logger.info({ code: this.#failure.code, failures: this.#failures }, 'the directory is watched again');
    this.#failures = 0;
    this.#failingSince = undefined;
    this.#failure = undefined;
    // The platform is told that it is over.
    this.#refreshed = Number.NEGATIVE_INFINITY;
  }

  /** The platform shows why it ended; it ends in any case. */
  async #sayGoodbye(): Promise<void> {
    await this.#deps.ingest
      .watch(this.#integration, this.#question(), AbortSignal.any([this.#signal, AbortSignal.timeout(30_000)]))
      .catch((reason: unknown) => this.#deps.logger.warn({ err: reason }, 'the reason could not be reported'));
  }

  /** Its changes are told by no other one: after it has been away for long enough, everything is read from another. */
  async #giveUpController(goneMs: number): Promise<void> {
    const place = this.#place;
    const since = this.#failingSince;
    if (place === undefined || since === undefined || this.#settings?.host !== undefined || this.#failure?.code.startsWith('ldap.') !== true) return;
    const awayMs = Date.now() - since.getTime();
    if (awayMs < goneMs) return;
    const detail = `${place.watermark.dnsHostName} could not be asked for ${Math.round(awayMs / 60_000)} minutes (${this.#failure.code}): the directory is read from another controller.`;
    await this.#needsFull(place, 'controller-replaced', detail).catch((error: unknown) => this.#deps.logger.warn({ err: error }, 'a full reading could not be asked for'));
  }
}

const isPermanent = (errorClass: ErrorClass): boolean => (permanentErrorClasses as readonly ErrorClass[]).includes(errorClass);
