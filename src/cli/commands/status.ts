import type { Connection } from '../../api/schemas/connections.ts';
import type { Directory } from '../../api/schemas/directories.ts';
import type { Organisation } from '../../api/schemas/organisations.ts';
import type { Site } from '../../api/schemas/sites.ts';
import { LockstepError } from '../../shared/errors.ts';
import type { ApiClient, Readiness } from '../api-client.ts';
import { apiOptions, connectAnyhow } from '../api-connection.ts';
import { type CommandIo, defineCommand } from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { type Attention, attentionOf } from '../health.ts';
import { clean } from '../output/clean.ts';
import { directoriesTable } from '../output/directory-text.ts';
import { type Field, fields } from '../output/fields.ts';
import { sitesTable } from '../output/site-text.ts';
import { styled } from '../output/style.ts';
import { allItems } from '../paging.ts';

/** The answer of `status --json`. */
interface Status {
  readonly server: { readonly url: string; readonly reachable: boolean; readonly problem: string | null } & Readiness;
  /** Null without a token, or while the server is not ready. */
  readonly organisation: Organisation | null;
  readonly sites: readonly Site[];
  readonly directories: readonly Directory[];
  readonly connections: readonly Connection[];
  readonly attention: readonly Attention[];
}

export const statusCommand = defineCommand({
  path: ['status'],
  summary: 'Show how everything is: server, database, Temporal, sites, directories, last runs',
  description:
    'Exit code 0: all is well. 3: it works, but something asks for a person (a site is offline, a run failed, objects have problems); it says what to do. 4: the server, its database or Temporal does not answer. Without a token only the server is shown.',
  examples: [
    { line: 'lockstep status', what: 'Look first, whatever it is about' },
    { line: 'lockstep status --json | jq -r .attention[].message', what: 'What asks for a person, for a program' },
  ],
  options: apiOptions,
  async run({ options }, io) {
    const { api, hasToken } = await connectAnyhow(options, io);
    const server = await serverStatus(api);
    const status = server.ready && hasToken ? await organisationStatus(api, server) : { server, organisation: null, sites: [], directories: [], connections: [], attention: [] };
    return { exitCode: exitCodeOf(status), data: status, text: statusText(status, hasToken, io) };
  },
});

async function serverStatus(api: ApiClient): Promise<Status['server']> {
  try {
    return { url: api.url, reachable: true, problem: null, ...(await api.ready()) };
  } catch (error) {
    // A wrong address or certificate is a mistake in the settings and no state of the server.
    if (!(error instanceof LockstepError) || error.class !== 'Unavailable') throw error;
    return { url: api.url, reachable: false, problem: error.message, ready: false, checks: {} };
  }
}

async function organisationStatus(api: ApiClient, server: Status['server']): Promise<Status> {
  const [organisation, sites, directories, connections] = await Promise.all([
    api.organisation(), allItems(api.sites), allItems(api.directories), allItems((query) => api.connections.list(query)),
  ]);
  return { server, organisation, sites, directories, connections, attention: attentionOf(sites, directories, connections) };
}

function exitCodeOf(status: Status): ExitCode {
  if (!status.server.ready) return exitCodes.unreachable;
  return status.attention.length > 0 ? exitCodes.partial : exitCodes.ok;
}

function statusText(status: Status, hasToken: boolean, io: CommandIo): string {
  const { server, organisation, sites, directories, attention } = status;
  if (!server.reachable) return `${styled('bad', '✗')} ${server.problem ?? ''}\n→ Start it: lockstep up. What it last said: ${io.home.logsFolder}`;
  const checks = Object.entries(server.checks).map(
    ([name, check]): Field => [name, `${check.state === 'ok' ? '✓' : '✗'} ${check.detail}`],
  );
  const own: Field = ['organisation', organisation === null ? undefined : `${organisation.name} (${organisation.displayName})`];
  const parts = [fields([['server', `${server.ready ? '✓' : '✗'} ${server.url}${server.ready ? '' : ' is not ready'}`], ...checks, own])];
  if (organisation !== null) {
    parts.push(sites.length === 0 ? 'No sites. Register one: lockstep site add NAME' : sitesTable(sites, io.now(), io.columns));
    parts.push(directories.length === 0 ? 'No directories. Add one: lockstep directory add NAME' : directoriesTable(directories, io.now(), io.columns));
  }
  if (attention.length > 0) {
    parts.push(attention.map(({ subject, message, next }) => `${styled('warn', '!')} ${subject}: ${clean(message)}\n  → ${clean(next)}`).join('\n'));
  }
  if (!hasToken) parts.push('No API token is known here, so sites and directories are not shown.');
  return parts.join('\n\n');
}
