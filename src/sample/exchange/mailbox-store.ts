/** Mailboxes by the addresses of their owners. One that nobody has changed is made again when it is asked for, and held by nobody. */
import type { Generated } from './generated.ts';
import { SampleMailbox } from './mailbox.ts';
import type { MailboxOwner } from './model.ts';

/** Where a sample Exchange finds its mailboxes. */
export interface Mailboxes {
  /** By any address of the owner, in any case. The same one for as long as anybody holds it. */
  find(address: string): SampleMailbox | undefined;
}

/** An owner, with what the mailbox holds before anybody changes it. */
export interface Plan {
  readonly owner: MailboxOwner;
  /** Beside the primary one. */
  readonly aliases?: readonly string[];
  readonly generate: () => Generated;
}

export class GeneratedMailboxes implements Mailboxes {
  readonly #plans: readonly Plan[];
  readonly #byAddress = new Map<string, number>();
  readonly #made = new Map<number, WeakRef<SampleMailbox>>();
  readonly #changed = new Set<SampleMailbox>();

  constructor(plans: readonly Plan[]) {
    this.#plans = plans;
    for (const [index, { owner, aliases = [] }] of plans.entries()) {
      for (const address of [owner.address, ...aliases]) this.#byAddress.set(address.toLowerCase(), index);
    }
  }

  find(address: string): SampleMailbox | undefined {
    const index = this.#byAddress.get(address.toLowerCase());
    const plan = index === undefined ? undefined : this.#plans[index];
    if (index === undefined || plan === undefined) return undefined;
    const held = this.#made.get(index)?.deref();
    if (held !== undefined) return held;
    const made = new SampleMailbox(plan.owner, index + 1, plan.generate(), () => new Date(), (mailbox) => this.#changed.add(mailbox));
    this.#made.set(index, new WeakRef(made));
    return made;
  }
}

/** Mailboxes that a test made itself. */
export function theseMailboxes(mailboxes: readonly SampleMailbox[]): Mailboxes {
  const byAddress = new Map(mailboxes.map((mailbox) => [mailbox.owner.address.toLowerCase(), mailbox]));
  return { find: (address) => byAddress.get(address.toLowerCase()) };
}
