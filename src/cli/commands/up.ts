import type { RunSummary } from '../../api/schemas/directories.ts';
import type { ApiClient } from '../api-client.ts';
import { type CommandIo, type CommandResult, defineCommand, flag, text } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { failureOf } from '../failure.ts';
import { followRun } from '../follow-run.ts';
import { runResultText } from '../output/run-text.ts';
import { showPartEvents } from '../up/show-events.ts';
import type { Started } from '../up/start-all.ts';

export const upCommand = defineCommand({
  path: ['up'],
  summary: 'Run everything on this machine: PostgreSQL, Temporal, server and a site',
  description: [
    'Starts, in order and each when the one before is ready: the embedded PostgreSQL (or the one of DATABASE_URL), a Temporal server of the official CLI (or the one of TEMPORAL_ADDRESS), the server, and one site. What dies is started again. Everything listens on loopback only and keeps its data in the home folder; starting again goes on where it was.',
    'With --sample it also runs a directory and an Exchange of an invented company, synchronises the one and replicates the mailboxes of the other. Ctrl-C stops everything in order, a second Ctrl-C by force. Ports and the rest: lockstep help settings.',
  ].join('\n\n'),
  examples: [
    { what: 'Everything, with something to look at', line: 'lockstep up --sample' },
    { what: 'A second one beside it, with other ports set', line: 'lockstep up --home ./second' },
    { what: 'For a program: one JSON object a line', line: 'lockstep up --sample --json' },
  ],
  options: {
    sample: flag('run the sample organisation, synchronise its directory and replicate its mailboxes'),
    organisation: text('name', 'organisation of the site (default: the one that the CLI uses, at first: main)'),
  },
  async run({ options }, io) {
    const { lockHome } = await import('../../runtime/home-lock.ts');
    const { Supervisor } = await import('../../runtime/supervisor.ts');
    const { startAll } = await import('../up/start-all.ts');

    const lock = await lockHome(io.home, 'up', io.now());
    const supervisor = new Supervisor({ home: io.home, onEvent: showPartEvents(io) });
    io.signal.addEventListener('abort', () => void supervisor.stop(), { once: true });
    try {
      const orphans = await supervisor.endOrphans();
      if (orphans.length > 0) tell(io, { event: 'orphans', ended: orphans }, `Ended what an earlier start left running: ${orphans.join(', ')}.`);
      const started = await startAll(supervisor, options, io);
      // A part that is given up ends the start too, whatever it waits for.
      await Promise.race([supervisor.failure, presentOrExplain(started, options.sample, io)]);
      await Promise.race([supervisor.failure, aborted(io.signal)]);
      return { exitCode: exitCodes.ok };
    } catch (error) {
      if (!io.json || io.signal.aborted) throw error;
      // Still one JSON object a line.
      const failure = failureOf(error, ['up']);
      io.emit({ event: 'failed', ...failure.data });
      return { exitCode: failure.exitCode } satisfies CommandResult;
    } finally {
      await supervisor.stop();
      await lock.release();
    }
  },
});

const tell = (io: CommandIo, event: object, line: string): void => (io.json ? io.emit(event) : io.progress.line(line));

/** What goes wrong here is no reason to stop what runs: it is said, and can be looked at. */
async function presentOrExplain(started: Started, sample: boolean, io: CommandIo): Promise<void> {
  try {
    await present(started, sample, io);
  } catch (error) {
    if (io.signal.aborted) return;
    const failure = failureOf(error, ['up']);
    tell(io, { event: 'failed', ...failure.data }, `${failure.text}\nLockstep is running all the same. Ctrl-C stops it.`);
  }
}

/** Synchronises the sample when it was asked for, then says what is there and where to look. */
async function present({ api, places, samplePort, sampleExchangePort }: Started, sample: boolean, io: CommandIo): Promise<void> {
  const { ensureSampleSynchronised, SAMPLE } = await import('../up/sample-integration.ts');
  const { ensureSampleReplicated } = await import('../up/sample-task.ts');
  const { directoryCounts, kindCounts, summaryText } = await import('../up/summary.ts');
  if (sample) {
    const run = await ensureSampleSynchronised(api, samplePort);
    if (run !== undefined && !(await followed(api, run, io))) return;
    const replication = await ensureSampleReplicated(api, sampleExchangePort);
    if (replication !== undefined && !(await followed(api, replication, io))) return;
  }
  const directories = await directoryCounts(api);
  // Also when it is started without the sample directory: what is there is the same.
  const kinds = directories.length === 1 && directories[0]?.name === SAMPLE ? await kindCounts(api) : undefined;
  if (io.json) io.emit({ event: 'up', ...places, directories, kinds: kinds ?? null });
  else io.emit(summaryText(directories, kinds, places, commandName(io.env)));
}

/** False when Ctrl-C ended the wait. */
async function followed(api: ApiClient, started: RunSummary, io: CommandIo): Promise<boolean> {
  const run = await followRun(api, started, io);
  if (run === undefined) return false;
  tell(io, { event: 'run', run }, runResultText(run, io.now()));
  return true;
}

/** How the reader calls the CLI: npm puts it on PATH only for what it starts itself. */
const commandName = (env: CommandIo['env']): string => (env['npm_execpath'] === undefined ? 'lockstep' : 'npx lockstep');

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
