/** One part of the values of an attribute with many: `member;range=0-1499` (MS-ADTS §3.1.1.3.1.3.3). */
export interface ValueRange {
  /** The attribute without the option, as the server wrote it. */
  readonly attribute: string;
  readonly from: number;
  /** Index of the last value in this part; null when it is the last part (`*`). */
  readonly to: number | null;
}

/** Null when the attribute description has no range option. */
export function parseValueRange(description: string): ValueRange | null {
  const match = /^([^;]+);range=(\d{1,9})-(\d{1,9}|\*)$/i.exec(description);
  if (match === null) return null;
  const [, attribute = '', from = '', to = ''] = match;
  return { attribute, from: Number(from), to: to === '*' ? null : Number(to) };
}

/** What to ask for to get the values from index `from` on, as many as the server gives at once. */
export const rangeFrom = (attribute: string, from: number): string => `${attribute};range=${from}-*`;
