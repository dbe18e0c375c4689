/**
 * Text that came from elsewhere, made fit for a terminal. A display name in a directory may hold escape sequences that
 * rewrite the screen, or marks that turn the direction of the rest of the line.
 */

/** C0 and C1 controls, line and paragraph separators, and the bidirectional controls (Unicode TR 9 §2). */
const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/g;

/** The text on one line, each unsafe character replaced by `�`; line breaks and tabs become spaces. */
export const clean = (text: string): string => text.replace(/\r\n|[\n\r\t]/g, ' ').replace(unsafe, '\ufffd');

/** The text with its line breaks; everything else that is unsafe replaced. */
export const cleanLines = (text: string): string => text.split(/\r?\n/).map(clean).join('\n');

const segmenter = new Intl.Segmenter();
/** Two columns: East Asian wide scripts, full-width forms and emoji. An approximation of Unicode TR 11 that needs no table. */
const wide = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const ascii = /^[\x20-\x7e]*$/;

/** Columns that the (clean) text takes on a terminal. */
export function displayWidth(text: string): number {
  if (ascii.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += wide.test(segment) ? 2 : 1;
  return width;
}

/** The text cut to `width` columns, with an ellipsis as the last when something was cut. */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    const columns = displayWidth(segment);
    if (used + columns > width - 1) break;
    kept += segment;
    used += columns;
  }
  return `${kept}…`;
}

/** Filled with spaces to `width` columns. */
export const pad = (text: string, width: number, align: 'left' | 'right' = 'left'): string => {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'left' ? text + space : space + text;
};
