const grouped = new Intl.NumberFormat('en');

/** 12,345 */
export const count = (value: number): string => grouped.format(value);

/** `1 person`, `2,000 people`; the plural is the singular with an s unless given. */
export const counted = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`;
