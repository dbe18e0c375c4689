/** The program behind bin/lockstep.js: parses, runs one command, prints its result and exits. Nothing else prints or exits. */
import { text as readAll } from 'node:stream/consumers';
import { homeOf } from '../runtime/settings.ts';
import { type CommandIo, UsageError } from './command.ts';
import { exitCodes } from './exit-codes.ts';
import { failureOf } from './failure.ts';
import { type Invocation, parseCommandLine } from './parser.ts';
import { commands, groups } from './registry.ts';
import { ask, askSecret, plainProgress, silentProgress, terminalProgress } from './terminal.ts';
import { productVersion } from '../runtime/version.ts';

const { argv, env, stdin, stdout, stderr } = process;

const epilogue = `Start here:
  lockstep up --sample        everything on this machine, with a sample organisation
  lockstep <command> --help   what a command takes, with examples
  lockstep help settings      every setting, its default and its bounds
  lockstep help exit-codes    what the exit codes mean`;

/** A reader that went away (`lockstep … | head`) is no failure. */
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok);
  throw error;
});

/** A second interruption within this time is taken for an echo of the first; later, it leaves at once. */
const SAME_INTERRUPTION_MS = 700;
/** A part whose supervisor was killed ends by itself; longer than the longest orderly end of one. */
const ORPHAN_ENDS_WITHIN_MS = 45_000;

const columns = stdout.columns > 0 ? stdout.columns : 80;
const print = (content: string) => stdout.write(content.endsWith('\n') ? content : `${content}\n`);

async function run(invocation: Invocation): Promise<number> {
  const { command, json } = invocation;
  const progress = json
    ? silentProgress
    : stderr.isTTY
      ? terminalProgress(stderr)
      : plainProgress(stderr, () => Date.now());
  const interruption = new AbortController();
  let interruptedAt: number | undefined;
  const interrupt = () => {
    interruptedAt ??= Date.now();
    // One Ctrl-C arrives several times: from the terminal, from npm and from bin/lockstep.js.
    if (Date.now() - interruptedAt > SAME_INTERRUPTION_MS) process.exit(exitCodes.interrupted);
    interruption.abort();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt).on('SIGHUP', interrupt);
  // Started by another Lockstep process (bin/lockstep.js, `lockstep up`) that is no more: there is nobody to work for.
  process.once('disconnect', () => {
    interrupt();
    setTimeout(() => process.exit(exitCodes.interrupted), ORPHAN_ENDS_WITHIN_MS).unref();
  });
  const io: CommandIo = {
    json,
    home: homeOf(env, invocation.home),
    env,
    signal: interruption.signal,
    columns: stdout.isTTY ? columns : Infinity,
    interactive: stdin.isTTY && stderr.isTTY && !json,
    progress,
    emit: (line) => {
      progress.clear();
      print(typeof line === 'string' ? line : JSON.stringify(line));
    },
    readInput: () => readAll(stdin),
    ask: (question) => ask(question, stdin, stderr),
    askSecret: (question) => askSecret(question, stdin, stderr),
    now: () => new Date(),
  };
  try {
    const result = await command.run(invocation.input as never, io);
    progress.close();
    if (json && result.data !== undefined) print(JSON.stringify(result.data, undefined, 2));
    else if (result.text !== undefined && result.text !== '') print(result.text);
    return result.exitCode;
  } catch (error) {
    progress.close();
    if (interruption.signal.aborted) return exitCodes.interrupted;
    const failure = failureOf(error, command.path);
    if (json) print(JSON.stringify(failure.data, undefined, 2));
    else stderr.write(`${failure.text}\n`);
    return failure.exitCode;
  }
}

async function main(): Promise<number> {
  try {
    const parsed = await parseCommandLine(argv.slice(2), { commands, groups, version: productVersion, columns, epilogue });
    if (!('text' in parsed)) return await run(parsed);
    print(parsed.text);
    return exitCodes.ok;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    stderr.write(`Error: ${error.message}\n`);
    return exitCodes.usage;
  }
}

process.exitCode = await main();
// What a command left open (a pool, a timer) must not keep the terminal waiting; output is flushed first.
stdout.write('', () => stderr.write('', () => process.exit()));
