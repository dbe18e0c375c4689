/** Text from a directory, made fit for PostgreSQL and for sorting. */

/** Stands for what cannot be kept. */
const REPLACEMENT = '\u{FFFD}';

/** PostgreSQL refuses U+0000 in text and jsonb, and UTF-8 has no lone surrogates. */
export const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/** The text with U+FFFD for each character that cannot be kept. */
export const storable = (text: string): string =>
  isStorable(text) ? text : text.toWellFormed().replaceAll('\0', REPLACEMENT);

/** At most `maxLength` UTF-16 units, never cutting a character in two. */
export function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const cut = text.slice(0, maxLength);
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}

/** 200 characters are at most 800 bytes: an index entry of PostgreSQL holds 2,700 (a third of a page). */
const SORT_KEY_MAX_LENGTH = 200;

/**
 * What names are sorted and searched by, in any language the same: without accents, in lower case, single spaces.
 * `Zoë  Ångström` → `zoe angstrom`. Idempotent.
 */
export function sortKey(name: string): string {
  const folded = simpleLowerCase(name.normalize('NFKD').replaceAll(/\p{M}+/gu, ''));
  return cutText(folded.replaceAll(/\s+/gu, ' ').trim(), SORT_KEY_MAX_LENGTH).trim();
}

/** Of long names the first words are enough. */
const ENDINGS_MAX = 8;

/**
 * What somebody is found by besides the beginning of the name: its rest from each later word, and then what comes before, so
 * that those of one last name are in order of the first. `ada king of lovelace` → `king of lovelace ada`, `of lovelace ada king`,
 * `lovelace ada king of`.
 */
export function nameEndings(key: string): string[] {
  const words = [...key.matchAll(/(?<![\p{L}\p{N}])[\p{L}\p{N}]/gu)].filter(({ index }) => index > 0);
  const endings = words.map(({ index }) => `${key.slice(index)} ${key.slice(0, index).trim()}`);
  return [...new Set(endings)].slice(0, ENDINGS_MAX);
}

/**
 * Case folding character by character: it neither lengthens (ß stays ß) nor looks at the neighbours (no final sigma),
 * so two texts that differ in case only become the same wherever they stand.
 */
export function simpleLowerCase(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  let folded = '';
  for (const character of text) {
    const upper = character.toUpperCase();
    const lower = (upper.length === character.length ? upper : character).toLowerCase();
    folded += lower.length === character.length ? lower : character;
  }
  return folded;
}

const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text);
