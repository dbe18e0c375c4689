const grouped = new Intl.NumberFormat('en');

/** 12,345 */
export const count = (value: number): string => grouped.format(value);

/** `1 person`, `2,000 people`; the plural is the singular with an s unless given. */
export const counted = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`;

const UNITS = ['KB', 'MB', 'GB', 'TB'] as const;
/** `17 bytes`, `1.2 MB`: units of 1024, as Exchange and its administrators count. */
export function byteSize(bytes: number): string {
  if (bytes < 1024) return counted(bytes, 'byte');
  let [size, at] = [bytes / 1024, 0];
  while (size >= 1023.95 && at < UNITS.length - 1) {
    size /= 1024;
    at++;
  }
  return `${size < 99.95 ? size.toFixed(1) : Math.round(size)} ${UNITS[at] ?? ''}`;
}
