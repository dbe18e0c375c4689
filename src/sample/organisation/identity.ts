import { guidFrom, guidText } from '../../ldap-filter/guid.ts';
import type { Random } from './random.ts';

const dayMs = 86_400_000;
const firstDay = Date.UTC(2009, 0, 5);

/** What is made for every object: names that nobody else has, GUIDs, dates. One for each organisation. */
export class Identities {
  readonly #seed: string;
  readonly #taken = new Map<string, number>();

  constructor(seed: string) {
    this.#seed = seed;
  }

  guid(what: string): string {
    return guidText(guidFrom(`${this.#seed} ${what}`));
  }

  /** The wish, with a number when somebody has it already. Within a kind: `alias`, `account`, … */
  unique(kind: string, wish: string): string {
    const key = `${kind} ${wish.toLowerCase()}`;
    const uses = (this.#taken.get(key) ?? 0) + 1;
    this.#taken.set(key, uses);
    return uses === 1 ? wish : this.unique(kind, `${wish}${uses}`);
  }
}

/** A working moment since the directory was introduced. */
export const someDay = (random: Random): Date =>
  new Date(firstDay + random.below(6000) * dayMs + random.below(36_000) * 1000 + 7 * 3_600_000);
