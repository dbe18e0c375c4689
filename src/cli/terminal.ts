import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';
import type { Progress } from './command.ts';

type Output = Pick<WriteStream, 'write'> & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>;

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
/** Without a terminal an updated line is repeated at most this often: enough to see life in a log. */
const PLAIN_UPDATE_MS = 10_000;

/** Progress on a terminal: one line with a spinner, rewritten in place. `close` stops the spinner. */
export function terminalProgress(output: Output): Progress & { close(): void } {
  let shown: string | undefined;
  let frame = 0;
  const draw = () => {
    if (shown === undefined) return;
    const room = Math.max((output.columns ?? 80) - 3, 10);
    const cut = shown.length > room ? `${shown.slice(0, room - 1)}…` : shown;
    output.write(`\r\x1b[2K${frames[frame % frames.length] ?? ''} ${cut}`);
  };
  const timer = setInterval(() => {
    frame += 1;
    draw();
  }, FRAME_MS);
  timer.unref();
  const clear = () => {
    if (shown !== undefined) output.write('\r\x1b[2K');
    shown = undefined;
  };
  return {
    update(text) {
      shown = text;
      draw();
    },
    done(text) {
      clear();
      output.write(`✔ ${text}\n`);
    },
    line(text) {
      const before = shown;
      clear();
      output.write(`${text}\n`);
      shown = before;
      draw();
    },
    clear,
    close() {
      clearInterval(timer);
      clear();
    },
  };
}

/** Progress in a file or a pipe: plain lines; an updated line only when it says something else, and not too often. */
export function plainProgress(output: Output, now: () => number): Progress & { close(): void } {
  let last: { text: string; at: number } | undefined;
  return {
    update(text) {
      const subject = text.split(/[:(…]/, 1)[0];
      const due = last === undefined || last.text.split(/[:(…]/, 1)[0] !== subject || now() - last.at >= PLAIN_UPDATE_MS;
      if (!due || last?.text === text) return;
      last = { text, at: now() };
      output.write(`… ${text}\n`);
    },
    done(text) {
      last = undefined;
      output.write(`✔ ${text}\n`);
    },
    line(text) {
      output.write(`${text}\n`);
    },
    clear() {
      last = undefined;
    },
    close() {
      last = undefined;
    },
  };
}

/** With --json: whoever reads it wants nothing on standard error but errors. */
export const silentProgress: Progress & { close(): void } = {
  update: () => undefined,
  done: () => undefined,
  line: () => undefined,
  clear: () => undefined,
  close: () => undefined,
};

/** Asks on the terminal. */
export async function ask(question: string, input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Promise<string> {
  const reader = createInterface({ input, output });
  return answerOf(reader, () => reader.setPrompt(`${question}: `));
}

/** Asks on the terminal; what is typed is not shown. */
export async function askSecret(question: string, input: NodeJS.ReadableStream, output: Output): Promise<string> {
  output.write(`${question}: `);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  try {
    return await answerOf(createInterface({ input, output: nowhere, terminal: true }));
  } finally {
    output.write('\n');
  }
}

async function answerOf(reader: Interface, prepare?: () => void): Promise<string> {
  try {
    return await new Promise<string>((resolve, reject) => {
      reader.once('line', resolve);
      reader.once('close', () => reject(new Error('input ended before an answer was given')));
      // In raw mode Ctrl-C is a key: hand it on as the signal that it is.
      reader.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
      prepare?.();
      reader.prompt();
    });
  } finally {
    reader.close();
  }
}
