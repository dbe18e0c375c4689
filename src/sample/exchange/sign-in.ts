/** Who sends a request: Basic, proved by each request, or NTLM, proved once a connection (MS-NTHT §1.3). */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { challengeMessage, claimedName, messageType, proves } from './ntlm.ts';

export interface Account {
  readonly password: string;
  /** May act as everybody here. */
  readonly impersonates: boolean;
}
export type Scheme = 'basic' | 'ntlm';

export type SignedIn =
  | { readonly name: string; readonly impersonates: boolean }
  /** Headers of the answer 401. */
  | { readonly challenge: readonly string[] };

interface Shaking {
  readonly negotiate: Buffer;
  readonly challenge: Buffer;
}

export class SignIn {
  readonly #accounts: ReadonlyMap<string, Account & { readonly name: string }>;
  readonly #schemes: readonly Scheme[];
  readonly #shaking = new WeakMap<Socket, Shaking>();
  readonly #proved = new WeakMap<Socket, string>();
  /** By NTLM, so far. */
  handshakes = 0;

  /** `accounts`: by the names under which they sign in, in any case. */
  constructor(accounts: Readonly<Record<string, Account>>, schemes: readonly Scheme[]) {
    this.#accounts = new Map(Object.entries(accounts).map(([name, account]) => [name.toLowerCase(), { ...account, name }]));
    this.#schemes = schemes;
  }

  of({ headers, socket }: IncomingMessage): SignedIn {
    const [scheme, token = ''] = headers.authorization?.split(' ') ?? [];
    if (scheme === 'Basic' && this.#schemes.includes('basic')) return this.#basic(token);
    if ((scheme === 'NTLM' || scheme === 'Negotiate') && this.#schemes.includes('ntlm')) return this.#ntlm(socket, scheme, Buffer.from(token, 'base64'));
    return this.#account(this.#proved.get(socket)) ?? this.#refusal();
  }

  #basic(token: string): SignedIn {
    const given = Buffer.from(token, 'base64').toString();
    const account = this.#account(given.slice(0, given.indexOf(':')));
    return account?.password === given.slice(given.indexOf(':') + 1) ? account : this.#refusal();
  }

  #ntlm(socket: Socket, scheme: string, message: Buffer): SignedIn {
    if (messageType(message) === 1) {
      const challenge = challengeMessage('TARNWICK', new Date());
      this.#shaking.set(socket, { negotiate: message, challenge });
      return { challenge: [`${scheme} ${challenge.toString('base64')}`] };
    }
    const begun = this.#shaking.get(socket);
    this.#shaking.delete(socket);
    if (begun === undefined || messageType(message) !== 3) return this.#refusal();
    const account = this.#account(claimedName({ authenticate: message }));
    if (account === undefined || !proves({ ...begun, authenticate: message }, account.password)) return this.#refusal();
    this.#proved.set(socket, account.name);
    this.handshakes += 1;
    return account;
  }

  #account(name: string | undefined): (Account & { readonly name: string }) | undefined {
    return name === undefined ? undefined : this.#accounts.get(name.toLowerCase());
  }

  #refusal(): SignedIn {
    return { challenge: this.#schemes.map((scheme) => (scheme === 'basic' ? 'Basic realm="Sample Exchange"' : 'NTLM')) };
  }
}
