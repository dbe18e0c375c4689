/** Why AD refuses a bind: the `data` of its error text (ERROR_… of winerror.h, in hexadecimal). */
export const bindRefusals = {
  'wrong-password': '52e',
  'account-disabled': '533',
  'account-locked': '775',
  'password-expired': '532',
  'account-expired': '701',
  'must-change-password': '773',
} as const;
export type BindRefusal = keyof typeof bindRefusals;

/**
 * When a fault happens. Pages are those of searches below a base (one-level and subtree), counted from 1; a search
 * without paging is one page. `group`: a base search that asks for `member`. `dirsync`: a round of DirSync.
 */
export type Moment = 'connect' | 'bind' | 'rootdse' | 'group' | 'dirsync' | { readonly page: number };

export type Fault =
  /** Ends the connection; in a page after half of its entries. */
  | { readonly kind: 'cut'; readonly at: Moment }
  /** Never answers. */
  | { readonly kind: 'hang'; readonly at: Moment }
  /** Answers with this LDAP result and nothing else: 51 busy, 52 unavailable, 53 unwillingToPerform. */
  | { readonly kind: 'result'; readonly at: Exclude<Moment, 'connect'>; readonly code: number }
  | { readonly kind: 'refuse-bind'; readonly reason: BindRefusal }
  /** Before each answer. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** A page without entries but with a cookie, as proxies send; nothing is lost, it comes with the next page. */
  | { readonly kind: 'empty-page'; readonly page: number }
  /** Searches end with success after this many objects, as a proxy or a weak account makes them. */
  | { readonly kind: 'truncate'; readonly objects: number }
  /** A DirSync cookie is not accepted. */
  | { readonly kind: 'reject-cookie' }
  /** A DirSync cookie of another server is taken and everything reported again, as Windows may; else it is refused. */
  | { readonly kind: 'replay-cookie' }
  /** The rootDSE of some other LDAP server. */
  | { readonly kind: 'not-ad' }
  /** One text attribute of one object (by DN) comes as bytes that are no UTF-8. */
  | { readonly kind: 'undecodable'; readonly dn: string; readonly attribute: string }
  /** One object (by DN) comes without its objectGUID. */
  | { readonly kind: 'no-guid'; readonly dn: string };
export type FaultKind = Fault['kind'];
type FaultOf<Kind extends FaultKind> = Extract<Fault, { readonly kind: Kind }>;

interface Injected {
  readonly fault: Fault;
  left: number;
}

/** The faults of one sample directory. Switched on and off while it runs. */
export class Faults {
  readonly #injected: Injected[] = [];
  readonly #occurred = new Map<FaultKind, number>();

  /** `times`: after having occurred this often it is over. */
  inject(fault: Fault, times = Number.POSITIVE_INFINITY): void {
    this.#injected.push({ fault, left: times });
  }

  clear(): void {
    this.#injected.length = 0;
  }

  /** How often faults of this kind have occurred: what a test awaits. */
  occurred(kind: FaultKind): number {
    return this.#occurred.get(kind) ?? 0;
  }

  /** The first fault of the kind that fits; counts as having occurred. For the server. */
  take<Kind extends FaultKind>(
    kind: Kind,
    fits: (fault: FaultOf<Kind>) => boolean = () => true,
  ): FaultOf<Kind> | undefined {
    for (const injected of this.#injected) {
      const { fault } = injected;
      if (injected.left <= 0 || !isOf(kind, fault) || !fits(fault)) continue;
      injected.left -= 1;
      this.#occurred.set(kind, this.occurred(kind) + 1);
      return fault;
    }
    return undefined;
  }

  /** The first fault of the kind for this moment. For the server. */
  takeAt<Kind extends 'cut' | 'hang' | 'result'>(kind: Kind, moment: Moment): FaultOf<Kind> | undefined {
    return this.take(kind, (fault: Fault) => 'at' in fault && sameMoment(fault.at, moment));
  }
}

const isOf = <Kind extends FaultKind>(kind: Kind, fault: Fault): fault is FaultOf<Kind> => fault.kind === kind;

const sameMoment = (a: Moment, b: Moment): boolean =>
  typeof a === 'object' && typeof b === 'object' ? a.page === b.page : a === b;
