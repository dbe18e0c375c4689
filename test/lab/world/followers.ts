/** Those who bring a domain of a world into the archive, page by page, and what may happen to pages on their way. */
import type { RunRow } from '../../../src/archive/runs.ts';
import type { Database } from '../../../src/archive/database.ts';
import { withOrganisation } from '../../../src/archive/database.ts';
import { requestReconcile } from '../../../src/archive/directory-tracking.ts';
import type { ChangeFeed, SourcePage } from '../../../src/directory/directory-source.ts';
import type { SessionOptions } from '../../../src/directory/ldap-session.ts';
import { createLdapSource } from '../../../src/directory/ldap-source.ts';
import type { DirectoryChangesPage, DirectoryPage, DirectoryWatermark } from '../../../src/shared/directory.ts';
import type { DirectoryRunTotals } from '../../../src/shared/runs.ts';
import { aRun, endRun } from '../builders.ts';
import { openReading, openWatch, postChanges, totalsOf } from '../reading.ts';

type Integration = Parameters<typeof aRun>[1];
const never = new AbortController().signal;

/** A run that reads the domain, in as many attempts as it takes. */
export class Reading {
  readonly #owner: Database;
  readonly #app: Database;
  readonly #source: SessionOptions;
  readonly #run: RunRow;
  #attempt!: Awaited<ReturnType<typeof openReading>>;
  #pages!: AsyncIterator<SourcePage, unknown>;
  /** Sent in this attempt. */
  #sent: DirectoryPage[] = [];
  /** Read and not sent yet. */
  #cut: DirectoryPage[] = [];
  readonly #abandoned: { readonly attempt: Awaited<ReturnType<typeof openReading>>; readonly seq: number; readonly page: DirectoryPage }[] = [];

  private constructor(owner: Database, app: Database, source: SessionOptions, run: RunRow) {
    this.#owner = owner;
    this.#app = app;
    this.#source = source;
    this.#run = run;
  }

  static async begin(owner: Database, app: Database, source: SessionOptions, integration: Integration): Promise<Reading> {
    // One that the platform asked for is joined.
    const open = await owner.updateTable('run').set({ state: 'running' }).where('integration_id', '=', integration.id).where('state', '=', 'queued').returningAll().executeTakeFirst();
    const reading = new Reading(owner, app, source, open ?? (await aRun(owner, integration)));
    await reading.#begin();
    return reading;
  }

  async #begin(): Promise<void> {
    this.#attempt = await openReading(this.#app, this.#run);
    this.#pages = createLdapSource(this.#source).read(never)[Symbol.asyncIterator]();
    this.#sent = [];
    this.#cut = [];
  }

  async #read(): Promise<DirectoryPage> {
    if (this.#cut.length === 0) {
      const read = await this.#pages.next();
      if (read.done === true) throw new Error('the reading ended without a last page');
      const { findings, ...page } = read.value;
      if ((findings === undefined) === page.last) throw new Error('what was found beside the objects comes with the last page');
      this.#cut = cutPage(page);
    }
    const [page, ...rest] = this.#cut;
    if (page === undefined) throw new Error('a page was cut to nothing');
    this.#cut = rest;
    return page;
  }

  /** Reads a page and sends it; true after the last. */
  async next(): Promise<boolean> {
    const page = await this.#read();
    const answer = await this.#attempt.post(this.#sent.length, page);
    if (answer.outcome !== 'applied') throw new Error(`a new page is ${answer.outcome}`);
    this.#sent.push(page);
    if (page.last) await endRun(this.#owner, this.#run);
    return page.last;
  }

  /** The answer to the last page got lost, or an older page was under way for long: it is sent once more. */
  async repeat(back: number): Promise<void> {
    const seq = this.#sent.length - 1 - back;
    const page = this.#sent[seq];
    if (page === undefined) return;
    const { outcome } = await this.#attempt.post(seq, page);
    if (outcome !== (back === 0 ? 'already-applied' : 'stale')) throw new Error(`a page that was sent before is ${outcome}`);
  }

  /** The site died after it had read one page more. Another one begins anew. */
  async abandon(): Promise<void> {
    this.#abandoned.push({ attempt: this.#attempt, seq: this.#sent.length, page: await this.#read() });
    await this.#pages.return?.();
    await this.#begin();
  }

  /** What the dead site had sent arrives after all. */
  async late(): Promise<void> {
    const late = this.#abandoned.shift();
    if (late === undefined) return;
    const { outcome } = await late.attempt.post(late.seq, late.page);
    if (outcome !== 'superseded') throw new Error(`a page of an abandoned attempt is ${outcome}`);
  }

  async finish(): Promise<DirectoryRunTotals> {
    while (!(await this.next()));
    await this.late();
    return totalsOf(this.#app, this.#run);
  }
}

/** Follows the changes of a domain. */
export class Watcher {
  readonly #app: Database;
  readonly #integration: { readonly org_id: Integration['org_id']; readonly integration_id: Integration['id'] };
  readonly #feed: ChangeFeed;
  #place: { readonly epoch: number; seq: number; watermark: DirectoryWatermark } | undefined;

  constructor(app: Database, source: SessionOptions, integration: Integration) {
    this.#app = app;
    this.#integration = { org_id: integration.org_id, integration_id: integration.id };
    this.#feed = createLdapSource(source).changes(never);
  }

  close(): void {
    this.#feed.close();
  }

  /** The site died: what it knew is lost. */
  forget(): void {
    this.#feed.close();
    this.#place = undefined;
  }

  /**
   * One poll, of which `pages` get through; `twice`: each arrives twice. Gives how many did, or what the platform has to do first.
   */
  async poll({ pages = Number.POSITIVE_INFINITY, twice = false } = {}): Promise<number | 'needs-full'> {
    this.#place ??= await openWatch(this.#app, this.#integration);
    const place = this.#place;
    if (place === undefined) return 'needs-full';
    let posted = 0;
    for await (const step of this.#feed.poll(place.watermark)) {
      if (step.outcome === 'needs-full') {
        const { org_id, integration_id } = this.#integration;
        await withOrganisation(this.#app, org_id, (tx) => requestReconcile(tx, integration_id, place.epoch, { code: step.reason, detail: step.detail }));
        this.forget();
        return 'needs-full';
      }
      for (const page of cutChanges(step.page, place.watermark)) {
        if (page.entries.length + page.members.length + page.changes.length + page.problems.length > 0) {
          if (posted === pages) {
            this.forget();
            return posted;
          }
          const answer = await postChanges(this.#app, this.#integration, place, page);
          if (answer.outcome === 'stale' || answer.outcome === 'superseded') {
            this.forget();
            return 0;
          }
          if (twice && (await postChanges(this.#app, this.#integration, place, page)).outcome !== 'already-applied') throw new Error('a page that was sent twice was not known');
          place.seq = answer.seq;
          posted += 1;
        }
        place.watermark = page.watermark;
      }
    }
    return posted;
  }
}

/** Pages of a real directory are as large as 500 objects; here there are many small ones. */
const AT_ONCE = 6;

const slices = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / AT_ONCE) }, (_, index) => items.slice(index * AT_ONCE, (index + 1) * AT_ONCE));

/** A group's entry comes before its members. */
function cutPage({ watermark, tracking, ...page }: DirectoryPage): DirectoryPage[] {
  const empty = { ...page, entries: [], members: [], problems: [], last: false };
  const lists = new Map(page.entries.map(({ guid }) => [guid, page.members.filter((list) => list.guid === guid)]));
  const begun = page.members.filter(({ guid }) => !lists.has(guid));
  const pages: DirectoryPage[] = begun.length === 0 ? [] : [{ ...empty, members: begun }];
  for (const entries of slices(page.entries)) pages.push({ ...empty, entries, members: entries.flatMap(({ guid }) => lists.get(guid) ?? []) });
  const last = pages.pop() ?? empty;
  return [...pages, { ...last, problems: page.problems, last: page.last, ...(watermark === undefined ? {} : { watermark }), ...(tracking === undefined ? {} : { tracking }) }];
}

/** The last of them moves the watermark, as when a round of DirSync fills several pages. */
function cutChanges(page: DirectoryChangesPage, from: DirectoryWatermark): DirectoryChangesPage[] {
  const empty = { ...page, entries: [], members: [], changes: [], problems: [], watermark: from };
  const pages: DirectoryChangesPage[] = slices(page.entries).map((entries) => ({ ...empty, entries, members: page.members.filter((list) => entries.some(({ guid }) => guid === list.guid)) }));
  const begun = page.members.filter((list) => !page.entries.some(({ guid }) => guid === list.guid));
  if (begun.length > 0) pages.push({ ...empty, members: begun });
  pages.push(...slices(page.changes).map((changes) => ({ ...empty, changes })));
  const last = pages.pop() ?? empty;
  return [...pages, { ...last, problems: page.problems, watermark: page.watermark }];
}
