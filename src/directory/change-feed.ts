import type { DirectoryChangesPage, DirectoryWatermark, ReconcileReason } from '../shared/directory.ts';
import { LockstepError } from '../shared/errors.ts';
import type { ChangeSession } from './change-session.ts';
import type { ChangeFeed, ChangeStep } from './directory-source.ts';
import { dirSyncChanges } from './dirsync-changes.ts';
import { openSession, type SessionOptions } from './ldap-session.ts';
import type { PageParts } from './page-builder.ts';
import { readInvocationId, readRootDse } from './root-dse.ts';
import { attributesFor } from './taken-objects.ts';
import { UsnChanges } from './usn-changes.ts';

/** See DirectorySource.changes. */
export class LdapChangeFeed implements ChangeFeed {
  readonly #options: SessionOptions;
  readonly #signal: AbortSignal;
  readonly #attributes: readonly string[];
  #session: ChangeSession | undefined;
  #usnChanges = new UsnChanges();

  constructor(options: SessionOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#attributes = attributesFor(options.settings);
  }

  async *poll(from: DirectoryWatermark): AsyncGenerator<ChangeStep, void, void> {
    let finished = false;
    try {
      const opened = await this.#open(from);
      if (opened.outcome === 'needs-full') {
        yield opened;
        return;
      }
      const { session } = opened;
      const pages = from.method === 'dirsync' ? dirSyncChanges(session, from) : this.#usnChanges.read(session, from);
      for await (const { parts, watermark } of pages) yield { outcome: 'page', page: pageOf(session, parts, watermark) };
      finished = true;
    } catch (error) {
      const reason = this.#reasonOf(error);
      if (reason === undefined) throw error;
      yield needsFull(reason, (error as LockstepError).message);
    } finally {
      // What broke off half-way leaves answers behind on the connection; and what failed is looked at anew.
      if (!finished) this.close();
    }
  }

  close(): void {
    this.#session?.connection.close();
    this.#session = undefined;
  }

  /** Undefined: the failure is no reason to read everything again. */
  #reasonOf(error: unknown): ReconcileReason | undefined {
    if (!(error instanceof LockstepError)) return undefined;
    if (error.code === 'directory.changes-rejected') return 'cookie-rejected';
    if (error.code === 'ldap.insufficient-rights') return 'sees-less';
    // A controller found in DNS that is not there any more; with a host in the settings that host is wrong.
    if (error.code === 'ldap.host-not-found' && this.#options.settings.host === undefined) return 'controller-replaced';
    return undefined;
  }

  /** The session that is open, else a new one with the controller that the watermark belongs to, if it still is that one. */
  async #open(from: DirectoryWatermark): Promise<{ readonly outcome: 'open'; readonly session: ChangeSession } | Extract<ChangeStep, { outcome: 'needs-full' }>> {
    if (this.#session !== undefined) return { outcome: 'open', session: this.#session };
    this.#usnChanges = new UsnChanges();
    const connection = await openSession({ ...this.#options, controller: from.dnsHostName }, this.#signal);
    try {
      const root = await readRootDse(connection);
      const invocationId = await readInvocationId(connection, root);
      const { dnsHostName, defaultNamingContext: base } = root;
      const problem = otherController(from, { dnsHostName, invocationId, usn: root.highestCommittedUsn });
      if (problem !== undefined) {
        connection.close();
        return problem;
      }
      this.#session = { connection, base, attributes: this.#attributes, invocationId };
      return { outcome: 'open', session: this.#session };
    } catch (error) {
      connection.close();
      throw error;
    }
  }
}

const pageOf = ({ invocationId }: ChangeSession, { entries, members, changes, problems }: PageParts, watermark: DirectoryWatermark): DirectoryChangesPage => ({
  entries, members, changes, problems, watermark, ...(invocationId === null ? {} : { invocationId }),
});

/**
 * Whether the watermark leads anywhere on this controller. A cookie would be taken by another one too (it holds what each
 * controller was known to have), but one that was restored from a backup has lost changes that nobody tells again.
 */
export function otherController(
  from: DirectoryWatermark,
  now: { readonly dnsHostName: string; readonly invocationId: string | null; readonly usn: string },
): Extract<ChangeStep, { outcome: 'needs-full' }> | undefined {
  const here = `${now.dnsHostName} (${now.invocationId ?? 'invocationId not readable'})`;
  if (from.invocationId !== null && now.invocationId === null) {
    return needsFull('sees-less', `The account no longer sees which database ${now.dnsHostName} has.`);
  }
  if (from.invocationId !== now.invocationId || (from.invocationId === null && from.dnsHostName.toLowerCase() !== now.dnsHostName.toLowerCase())) {
    return needsFull('controller-replaced', `Changes were last read from ${from.dnsHostName} (${from.invocationId ?? 'invocationId not readable'}), and ${here} answers now: another controller, or one that was restored.`);
  }
  if (from.usn !== undefined && BigInt(now.usn) < BigInt(from.usn)) {
    return needsFull('usn-went-back', `${here} is at USN ${now.usn} and was at ${from.usn} before: it was put back to an earlier state.`);
  }
  return undefined;
}

const needsFull = (reason: ReconcileReason, detail: string): Extract<ChangeStep, { outcome: 'needs-full' }> => ({ outcome: 'needs-full', reason, detail });
