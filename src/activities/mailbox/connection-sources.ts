import type { MailboxClient } from '../../client/mailbox-client.ts';
import type { MailboxSource } from '../../exchange/mailbox.ts';
import { LockstepError } from '../../shared/errors.ts';
import type { ConnectionId } from '../../shared/ids.ts';
import type { ConnectionAnswer, ConnectionSettings } from '../../shared/mailbox-contract.ts';

export interface ConnectionSourcesOptions {
  readonly client: Pick<MailboxClient, 'connection'>;
  /** Opens what was sealed to this site's key; answers the password or secret. */
  openCredential(sealed: Buffer, connection: ConnectionId): Promise<string>;
  createSource(settings: ConnectionSettings, secret: string): MailboxSource;
}

/** A change of a connection takes effect within so long. Ten thousand mailboxes of a sweep do not ask ten thousand times. */
const ASKED_EVERY_MS = 5000;

interface OpenSource {
  readonly version: string;
  readonly source: MailboxSource;
  users: number;
  replaced: boolean;
}

/**
 * The exchange connections that this site uses: one source each, shared by everything that reads through it, so that its bound of
 * requests holds for all. A change of settings or password opens another one; the old one ends with its last user.
 */
export class ConnectionSources {
  readonly #options: ConnectionSourcesOptions;
  readonly #open = new Map<ConnectionId, OpenSource>();
  readonly #answers = new Map<ConnectionId, { readonly at: number; readonly answer: ConnectionAnswer }>();

  constructor(options: ConnectionSourcesOptions) {
    this.#options = options;
  }

  /**
   * Settings and secret as they are now, for a test.
   * @throws LockstepError also AuthRejected `connection.credential-unreadable`
   */
  async access(connection: ConnectionId, signal: AbortSignal): Promise<{ readonly settings: ConnectionSettings; readonly secret: string }> {
    const { settings, sealedCredential } = await this.#options.client.connection(connection, signal);
    return { settings, secret: await this.#secret(connection, sealedCredential) };
  }

  /** @throws LockstepError also AuthRejected `connection.credential-unreadable` */
  async use<T>(connection: ConnectionId, signal: AbortSignal, work: (source: MailboxSource) => Promise<T>): Promise<T> {
    const { version, settings, sealedCredential } = await this.#ask(connection, signal);
    let open = this.#open.get(connection);
    if (open === undefined || open.version !== version) {
      const secret = await this.#secret(connection, sealedCredential);
      // Somebody else may have opened it meanwhile.
      const current = this.#open.get(connection);
      if (current?.version === version) open = current;
      else {
        if (current !== undefined) await this.#replace(current);
        open = { version, source: this.#options.createSource(settings, secret), users: 0, replaced: false };
        this.#open.set(connection, open);
      }
    }
    open.users += 1;
    try {
      return await work(open.source);
    } finally {
      open.users -= 1;
      if (open.replaced && open.users === 0) await open.source.close();
    }
  }

  async close(): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(open.map(({ source }) => source.close()));
  }

  async #ask(connection: ConnectionId, signal: AbortSignal): Promise<ConnectionAnswer> {
    const known = this.#answers.get(connection);
    if (known !== undefined && performance.now() - known.at < ASKED_EVERY_MS) return known.answer;
    const answer = await this.#options.client.connection(connection, signal);
    this.#answers.set(connection, { at: performance.now(), answer });
    return answer;
  }

  async #replace(open: OpenSource): Promise<void> {
    open.replaced = true;
    if (open.users === 0) await open.source.close();
  }

  async #secret(connection: ConnectionId, sealed: string): Promise<string> {
    try {
      return await this.#options.openCredential(Buffer.from(sealed, 'base64'), connection);
    } catch (error) {
      if (error instanceof LockstepError) throw error;
      throw new LockstepError({
        class: 'AuthRejected',
        code: 'connection.credential-unreadable',
        message: 'The site cannot open the password of the connection: it was sealed to another key.',
        next: 'Enter the password of the connection again; it is then sealed to this site.',
        cause: error,
      });
    }
  }
}
