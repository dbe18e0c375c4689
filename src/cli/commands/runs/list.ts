import { runKinds, runStates } from '../../../shared/runs.ts';
import { apiOptions, connectOrganisation } from '../../api-connection.ts';
import { defineCommand, number, text } from '../../command.ts';
import { exitCodes } from '../../exit-codes.ts';
import { moreLine } from '../../list-options.ts';
import { runDuration, runKindText, runStyle, runSubject, totalsText } from '../../output/run-text.ts';
import { table } from '../../output/table.ts';
import { localTime } from '../../output/times.ts';
import { firstItems } from '../../paging.ts';

const DEFAULT_RUNS = 20;

export const runsList = defineCommand({
  path: ['runs'],
  summary: 'List runs, newest first',
  description: 'A run is one synchronisation, plan or test of a directory, one run of a task, or one test of a connection, by schedule or by hand. Its history is in the Temporal UI (lockstep ui), its results are kept here.',
  examples: [
    { line: 'lockstep runs', what: 'The latest runs' },
    { line: 'lockstep runs --directory hq --state failed', what: 'Failed runs of one directory' },
    { line: "lockstep runs --limit 1000 --json | jq '.items[] | {number, state}'", what: 'For a program' },
  ],
  options: {
    directory: text('name', 'only of this directory'),
    task: text('name', 'only of this task'),
    kind: text('kind', 'only of this kind', { choices: runKinds }),
    state: text('state', 'only in this state', { choices: runStates }),
    limit: number('count', 'show at most so many', { default: DEFAULT_RUNS, minimum: 1 }),
    ...apiOptions,
  },
  async run({ options }, io) {
    const api = await connectOrganisation(options, io);
    const page = await firstItems(options.limit, (query) =>
      api.runs({ ...query, integration: options.directory, task: options.task, kind: options.kind, state: options.state }),
    );
    const now = io.now();
    const shown = table(
      page.items,
      [
        { title: 'RUN', value: (run) => `#${run.number}`, align: 'right' },
        { title: 'OF', value: runSubject },
        { title: 'KIND', value: (run) => runKindText(run.kind) },
        { title: 'STATE', value: (run) => run.state, style: (run) => runStyle(run.state) },
        { title: 'BY', value: (run) => run.trigger },
        { title: 'REQUESTED', value: (run) => localTime(run.requestedAt) },
        { title: 'TOOK', value: (run) => runDuration(run, now), align: 'right' },
        { title: 'RESULT', value: (run) => run.waiting ?? run.error?.message ?? totalsText(run.totals), shrink: true },
      ],
      io.columns,
    );
    return { exitCode: exitCodes.ok, data: page, text: page.items.length === 0 ? 'No runs.' : shown + moreLine(page, options.limit) };
  },
});

/** Who is used to `directory list` types this. */
export const runsListByName = defineCommand({ ...runsList, path: ['runs', 'list'] });
