/** Reading changes as a client of DirSync does. */
import { DirSyncControl } from './dir-sync-control.ts';
import type { Wire, WireAnswer, WireSearch } from './wire.ts';
import { baseDn } from './targets.ts';

export interface Following extends Pick<WireSearch, 'filter' | 'attributes' | 'controls' | 'base' | 'scope'> {
  readonly flags?: number;
  readonly maxBytes?: number;
}
export interface Followed {
  readonly code: number;
  readonly entries: WireAnswer['entries'];
  readonly rounds: number;
}

/** Each call reads all rounds since the one before. */
export function follow(connection: Wire, following: Partial<Following> = {}): () => Promise<Followed> {
  const { flags = 0, maxBytes = 0, controls = [], base = baseDn, ...search } = following;
  let cookie: Buffer = Buffer.alloc(0);
  return async () => {
    const entries: WireAnswer['entries'][number][] = [];
    for (let rounds = 1; ; rounds++) {
      const control = new DirSyncControl(flags, cookie, maxBytes);
      const answer = await connection.search({ ...search, base, controls: [control, ...controls] });
      entries.push(...answer.entries);
      cookie = control.answered ?? cookie;
      if (control.more !== true) return { code: answer.code, entries, rounds };
    }
  };
}

const bytes = new Set(['objectGUID', 'parentGUID', 'objectSid']);

/**
 * Entries so that they can be compared: the unit of the check is `UNIT`, any GUID `GUID`, bytes are their number.
 * Sorted, because no order is promised.
 */
export const shown = (entries: WireAnswer['entries'], unit: string): Record<string, Record<string, string[]>>[] =>
  [...entries]
    .sort((a, b) => (a.dn < b.dn ? -1 : 1))
    .map(({ dn, attributes }) => ({
      [plain(dn, unit)]: Object.fromEntries(
        Object.entries(attributes)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, values]) => [
            name,
            bytes.has(name)
              ? values.map(({ length }) => `${length} bytes`)
              : values.map((value) => plain(String(value), unit)).sort(),
          ]),
      ),
    }));

const plain = (text: string, unit: string): string =>
  text
    .replaceAll(unit, 'UNIT')
    .replaceAll(baseDn, 'BASE')
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'GUID')
    .replaceAll('\n', '\\n');

/** Only the names, sorted. */
export const named = (entries: WireAnswer['entries'], unit: string): string[] =>
  entries.map(({ dn }) => plain(dn, unit)).sort();
