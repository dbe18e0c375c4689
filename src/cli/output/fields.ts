import { cleanLines, displayWidth, pad } from './clean.ts';
import { styled } from './style.ts';

/** A value that is undefined or empty is left out; a list takes one line an element. */
export type Field = readonly [name: string, value: string | readonly string[] | undefined];

/** Names and values, one below the other, the values aligned. Values are made safe for a terminal. */
export function fields(entries: readonly Field[], indent = ''): string {
  const shown = entries.flatMap(([name, value]) => {
    const lines = typeof value === 'string' ? cleanLines(value).split('\n') : (value ?? []).flatMap((each) => cleanLines(each).split('\n'));
    return lines.length === 0 || (lines.length === 1 && lines[0] === '') ? [] : [{ name, lines }];
  });
  const width = shown.reduce((widest, { name }) => Math.max(widest, displayWidth(name)), 0) + 2;
  return shown
    .flatMap(({ name, lines }) => lines.map((line, at) => `${indent}${at === 0 ? styled('dim', pad(name, width)) : ' '.repeat(width)}${line}`))
    .join('\n');
}
