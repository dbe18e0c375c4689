import { clean, displayWidth, pad, truncate } from './clean.ts';
import { type Style, styled } from './style.ts';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly align?: 'right';
  /** May be cut when the table is wider than the terminal; the widest such column is cut first. */
  readonly shrink?: true;
  readonly style?: (row: Row) => Style | undefined;
}

const GAP = '  ';
/** A column that shrinks keeps this much, so that something can be read at all. */
const LEAST_COLUMNS = 10;

/**
 * A table that fits `width` columns as far as its shrinkable columns allow; `Infinity` cuts nothing. Columns that are empty in
 * every row are left out. Values are made safe for a terminal.
 */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], width: number): string {
  const filled = columns
    .map((column) => ({ column, values: rows.map((row) => clean(column.value(row))) }))
    .filter(({ values }) => values.some((value) => value !== ''));
  const widths = filled.map(({ column, values }) =>
    values.reduce((widest, value) => Math.max(widest, displayWidth(value)), displayWidth(column.title)),
  );
  shrinkToFit(
    widths,
    filled.map(({ column }) => column.shrink === true),
    width,
  );
  const line = (cells: readonly string[]) => cells.join(GAP).trimEnd();
  const header = line(filled.map(({ column }, at) => styled('bold', pad(column.title, widths[at] ?? 0, column.align))));
  const body = rows.map((row, index) =>
    line(
      filled.map(({ column, values }, at) => {
        const size = widths[at] ?? 0;
        const cell = pad(truncate(values[index] ?? '', size), size, column.align);
        const style = column.style?.(row);
        return style === undefined ? cell : styled(style, cell);
      }),
    ),
  );
  return [header, ...body].join('\n');
}

/** Takes columns from the widest shrinkable column until the line fits or nothing can shrink any more. */
function shrinkToFit(widths: number[], shrinkable: readonly boolean[], width: number): void {
  let excess = widths.reduce((sum, column) => sum + column, 0) + GAP.length * Math.max(0, widths.length - 1) - width;
  while (excess > 0) {
    const candidates = widths.map((size, at) => ({ size, at })).filter(({ size, at }) => shrinkable[at] === true && size > LEAST_COLUMNS);
    const [widest, second] = candidates.sort((a, b) => b.size - a.size);
    if (widest === undefined) return;
    const floor = Math.max(LEAST_COLUMNS, Math.min(second?.size ?? LEAST_COLUMNS, widest.size - 1));
    const taken = Math.min(excess, widest.size - floor);
    widths[widest.at] = widest.size - taken;
    excess -= taken;
  }
}
