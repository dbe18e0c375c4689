/**
 * The messages of a mailbox that nobody has touched. Each is made from its number when it is asked for, so nothing of them is kept.
 */
import { createHash } from 'node:crypto';
import { Random } from '../organisation/random.ts';
import type { Address, FolderRecord, ItemRecord, MailboxOwner } from './model.ts';
import { type Correspondence, writeItem } from './message-text.ts';

/** Uids `from` until before `to`. */
interface Range {
  readonly from: number;
  readonly to: number;
}

export interface Generated {
  readonly folders: readonly FolderRecord[];
  readonly nextUid: number;
  /** Since when nothing has changed. */
  readonly at: Date;
  range(folder: number): Range | undefined;
  item(uid: number): ItemRecord | undefined;
  /** Of a folder's generated items, how many are unread. */
  unread(folder: number): number;
}

export const NOTHING_GENERATED: Generated = {
  folders: [],
  nextUid: 1,
  at: new Date(0),
  range: () => undefined,
  item: () => undefined,
  unread: () => 0,
};

const wellKnown: readonly (readonly [name: string, wellKnownName: string, folderClass: string, share: number])[] = [
  ['Inbox', 'inbox', 'IPF.Note', 40],
  ['Sent Items', 'sentitems', 'IPF.Note', 20],
  ['Deleted Items', 'deleteditems', 'IPF.Note', 8],
  ['Drafts', 'drafts', 'IPF.Note', 1],
  ['Junk Email', 'junkemail', 'IPF.Note', 2],
  ['Outbox', 'outbox', 'IPF.Note', 0],
  ['Calendar', 'calendar', 'IPF.Appointment', 4],
  ['Contacts', 'contacts', 'IPF.Contact', 2],
  ['Tasks', 'tasks', 'IPF.Task', 1],
  ['Notes', 'notes', 'IPF.StickyNote', 1],
];
const projects = ['Projects', 'Suppliers', 'Räumlichkeiten', 'Quality', '顧客', 'Archive 2024', 'Reisen & Spesen', 'Invoices/2025'];

/** msgfolderroot. */
export const ROOT = 1;
const INBOX = 2;

export interface GeneratedOptions {
  readonly owner: MailboxOwner;
  readonly seed: string;
  readonly messages: number;
  readonly correspondents: readonly Address[];
  /** Bytes of a file that is attached to the newest message of the inbox; it is made as it is read. Default: none. */
  readonly large?: number | undefined;
}

/** One in so many generated messages is unread. */
const UNREAD_EVERY = 7;
const lastDay = Date.UTC(2026, 10, 1);
const minuteMs = 60_000;

export class GeneratedMailbox implements Generated {
  readonly folders: readonly FolderRecord[];
  readonly nextUid: number;
  readonly at = new Date(lastDay);
  readonly #options: GeneratedOptions;
  readonly #ranges = new Map<number, Range>();
  /** Folder of each range, ascending by uid. */
  readonly #order: (Range & { readonly folder: number })[] = [];

  constructor(options: GeneratedOptions) {
    this.#options = options;
    const random = new Random(`${options.seed} ${options.owner.address}`);
    const folders: FolderRecord[] = [folder(ROOT, null, 'Top of Information Store', 'IPF.Note', 'msgfolderroot')];
    const shares: [number, number][] = [];
    for (const [name, known, folderClass, share] of wellKnown) {
      folders.push(folder(folders.length + 1, ROOT, name, folderClass, known));
      shares.push([folders.length, share]);
    }
    for (const name of projects) {
      if (!random.chance(0.6)) continue;
      folders.push(folder(folders.length + 1, INBOX, name, 'IPF.Note', undefined));
      shares.push([folders.length, 5]);
      if (!random.chance(0.3)) continue;
      folders.push(folder(folders.length + 1, folders.length, 'Done', 'IPF.Note', undefined));
      shares.push([folders.length, 3]);
    }
    folders.push({ ...folder(folders.length + 1, ROOT, 'Conversation Action Settings', 'IPF.Configuration', undefined), hidden: true });
    folders.push({ ...folder(folders.length + 1, ROOT, 'Unread Mail', 'IPF.Note', undefined), search: true });
    this.folders = folders;
    this.nextUid = this.#share(shares) + 1;
  }

  range(number: number): Range | undefined {
    return this.#ranges.get(number);
  }

  unread(number: number): number {
    const range = this.#ranges.get(number);
    if (range === undefined) return 0;
    return Math.floor((range.to - 1) / UNREAD_EVERY) - Math.floor((range.from - 1) / UNREAD_EVERY);
  }

  item(uid: number): ItemRecord | undefined {
    const folder = this.#folderOf(uid);
    if (folder === undefined) return undefined;
    const { owner, seed, correspondents } = this.#options;
    const random = new Random(`${seed} ${owner.address} ${uid}`);
    const at = new Date(lastDay - (this.nextUid - uid) * 37 * minuteMs - random.below(30) * minuteMs);
    const known = this.folders.find(({ number }) => number === folder);
    const correspondence: Correspondence = { owner: { name: owner.displayName, address: owner.address }, others: correspondents, at, uid, sent: known?.wellKnown === 'sentitems', large: uid === this.#largest() ? this.#options.large : undefined };
    const { itemClass, content, details, size } = writeItem(random, correspondence, known?.folderClass ?? 'IPF.Note');
    const draft = known?.wellKnown === 'drafts';
    return {
      uid,
      moves: 0,
      folder,
      itemClass,
      content: draft ? { ...content, sentAt: undefined, messageId: undefined } : content,
      details,
      receivedAt: at,
      createdAt: at,
      modifiedAt: at,
      sensitivity: random.chance(0.02) ? random.pick(['Personal', 'Private', 'Confidential'] as const) : 'Normal',
      importance: random.chance(0.05) ? random.pick(['Low', 'High'] as const) : 'Normal',
      isRead: uid % UNREAD_EVERY !== 0,
      isDraft: draft,
      flag: random.chance(0.03) ? random.pick(['Flagged', 'Complete'] as const) : 'NotFlagged',
      categories: random.chance(0.06) ? [random.pick(['Green category', 'Wichtig', 'Travel'])] : [],
      searchKey: digest(`${seed} ${owner.address} ${uid} search`).subarray(0, 16),
      conversation: digest(`${content.subject.replace(/^(?:RE|AW|FW): /, '')} ${owner.address}`).subarray(0, 16),
      stamped: new Map(),
      version: 1,
      size,
    };
  }

  /** Hands uids out to folders, by their shares. Gives the last one. */
  #share(shares: readonly (readonly [folder: number, share: number])[]): number {
    const all = shares.reduce((sum, [, share]) => sum + share, 0);
    let from = 1;
    let left = this.#options.messages;
    for (const [index, [number, share]] of shares.entries()) {
      const count = index === shares.length - 1 ? left : Math.min(left, Math.floor((this.#options.messages * share) / all));
      left -= count;
      if (count === 0) continue;
      this.#ranges.set(number, { from, to: from + count });
      this.#order.push({ from, to: from + count, folder: number });
      from += count;
    }
    return from - 1;
  }

  #largest(): number | undefined {
    const inbox = this.#ranges.get(INBOX);
    return this.#options.large === undefined || inbox === undefined ? undefined : inbox.to - 1;
  }

  #folderOf(uid: number): number | undefined {
    return this.#order.find(({ from, to }) => uid >= from && uid < to)?.folder;
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const folder = (number: number, parent: number | null, name: string, folderClass: string, known: string | undefined): FolderRecord => ({
  number,
  parent,
  name,
  folderClass,
  wellKnown: known,
  hidden: false,
  search: false,
  version: 1,
});
