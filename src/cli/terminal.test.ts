import { plainProgress, terminalProgress } from './terminal.ts';

/** What a terminal shows after all that was written: lines, with `\r` and "erase line" applied. */
const screen = (written: string): string[] => {
  const lines = [''];
  for (const part of written.split(/(\r|\n|\u001b\[2K)/)) {
    if (part === '\n') lines.push('');
    else if (part === '\r' || part === '\u001b[2K') lines[lines.length - 1] = '';
    else lines[lines.length - 1] += part;
  }
  return lines;
};
const output = (columns?: number) => {
  let written = '';
  return {
    ...(columns === undefined ? {} : { columns }),
    write: (text: string) => {
      written += text;
      return true;
    },
    get written() {
      return written;
    },
  };
};

test('on a terminal one line is rewritten, and what is done stays', () => {
  const out = output(80);
  const progress = terminalProgress(out);
  progress.update('Temporal: starting');
  progress.update('Temporal: building');
  progress.done('Temporal is ready');
  progress.update('Server: starting');
  progress.line('! something else');
  expect(screen(out.written).map((line) => line.replace(/^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/, '*'))).toEqual(['✔ Temporal is ready', '! something else', '* Server: starting']);
  progress.close();
  expect(screen(out.written).at(-1)).toBe('');
});

test('a line that is longer than the terminal is cut, so that rewriting it leaves nothing behind', () => {
  const out = output(30);
  const progress = terminalProgress(out);
  progress.update('x'.repeat(200));
  expect((screen(out.written).at(-1) ?? '').length).toBeLessThan(30);
  progress.close();
});

test('elsewhere a line is written when it says something else, and again only after a while', () => {
  const out = output();
  let now = 0;
  const progress = plainProgress(out, () => now);
  progress.update('Temporal: 1 of 20 MB');
  now += 1000;
  progress.update('Temporal: 2 of 20 MB');
  now += 10_000;
  progress.update('Temporal: 9 of 20 MB');
  progress.update('Server: starting');
  progress.done('Server is ready');
  expect(out.written).toBe('… Temporal: 1 of 20 MB\n… Temporal: 9 of 20 MB\n… Server: starting\n✔ Server is ready\n');
});
