/** What can go wrong with an Exchange, on demand. */

export type Fault =
  /** The connection ends after this many bytes of an answer. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  | { readonly kind: 'hang' }
  /** The connection ends after the answer, which is whole. */
  | { readonly kind: 'close' }
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string; readonly body?: string; readonly contentType?: string }
  /** The three shapes of "do less": a SOAP fault with HTTP 500, a message in error, and one around an inner error. */
  | { readonly kind: 'busy'; readonly shape: 'fault' | 'message' | 'inner'; readonly backOffMs?: number }
  /** Any other error that answers the whole call. */
  | { readonly kind: 'error'; readonly code: string; readonly message?: string }
  /** This item cannot be given, whatever is asked. */
  | { readonly kind: 'corrupt-item'; readonly uid: number }
  /** Garbage where XML should be. */
  | { readonly kind: 'malformed' }
  /** More changes a page than were asked for. */
  | { readonly kind: 'large-pages'; readonly times: number }
  | { readonly kind: 'slow'; readonly delayMs: number };

/** Which calls it strikes; absent: any. */
export interface Target {
  /** Primary address. */
  readonly mailbox?: string;
  readonly operation?: string;
}

type FaultOf<Kind extends Fault['kind']> = Extract<Fault, { readonly kind: Kind }>;

export class ExchangeFaults {
  readonly #injected: { readonly fault: Fault; readonly target: Target; left: number }[] = [];
  readonly #occurred = new Map<Fault['kind'], number>();

  /** `times`: after having occurred this often it is over. */
  inject(fault: Fault, target: Target = {}, times = Number.POSITIVE_INFINITY): void {
    this.#injected.push({ fault, target, left: times });
  }

  clear(): void {
    this.#injected.length = 0;
  }

  /** How often faults of this kind have occurred: what a test awaits. */
  occurred(kind: Fault['kind']): number {
    return this.#occurred.get(kind) ?? 0;
  }

  /** The first fault of the kind that strikes this call; counts as having occurred. */
  take<Kind extends Fault['kind']>(kind: Kind, call: Required<Target>, fits: (fault: FaultOf<Kind>) => boolean = () => true): FaultOf<Kind> | undefined {
    for (const injected of this.#injected) {
      const { fault, target } = injected;
      if (injected.left <= 0 || !isOf(kind, fault) || !fits(fault)) continue;
      if (target.mailbox !== undefined && target.mailbox !== call.mailbox) continue;
      if (target.operation !== undefined && target.operation !== call.operation) continue;
      injected.left -= 1;
      this.#occurred.set(kind, this.occurred(kind) + 1);
      return fault;
    }
    return undefined;
  }
}

const isOf = <Kind extends Fault['kind']>(kind: Kind, fault: Fault): fault is FaultOf<Kind> => fault.kind === kind;
