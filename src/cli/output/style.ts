/** Colours with a meaning. `styleText` leaves them out when standard output is no terminal or NO_COLOR is set. */
import { styleText } from 'node:util';

export type Style = 'good' | 'bad' | 'warn' | 'dim' | 'bold';

const formats = { good: 'green', bad: 'red', warn: 'yellow', dim: 'gray', bold: 'bold' } as const satisfies Record<
  Style,
  Parameters<typeof styleText>[0]
>;

export const styled = (style: Style, text: string): string => styleText(formats[style], text);
