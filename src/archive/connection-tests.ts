/** Tests of connections as the site that goes through them sees and reports them. */
import { sql } from 'kysely';
import type { ConnectionTestStep, OpenConnectionTest } from '../shared/connection-test.ts';
import type { ErrorReport } from '../shared/errors.ts';
import type { ConnectionId, RunId, SiteId } from '../shared/ids.ts';
import { isOpen, type RunState } from '../shared/runs.ts';
import type { OrganisationTransaction } from './database.ts';
import { NotFoundError } from './record-errors.ts';
import { runClosed, saveRunError, saveRunReport } from './site-runs.ts';

/**
 * An open test of one of the site's connections.
 * @throws NotFoundError for any other run, ConflictError `run.closed`
 */
export async function findConnectionTest(tx: OrganisationTransaction, site: SiteId, run: RunId): Promise<OpenConnectionTest> {
  const { rows: [found] } = await sql<{ state: RunState; connection: ConnectionId; address: string | null }>`
    select run.state, run.connection_id as connection, run.test_address as address
    from run join exchange_connection c on c.id = run.connection_id
    where run.id = ${run} and c.site_id = ${site}`.execute(tx);
  if (found === undefined) throw new NotFoundError('such run');
  if (!isOpen(found.state)) throw runClosed(found.state);
  return { connection: found.connection, address: found.address };
}

/** The account, or the client, was refused: more tries could lock it. Class AuthRejected in src/exchange/ews. */
const refusals: ReadonlySet<string | undefined> = new Set(['ews.credential-refused', 'ews.password-expired', 'ews.token-refused']);

/** A refused sign-in marks the connection, so that no tick tries again; one that works cures it. */
export async function saveConnectionSteps(tx: OrganisationTransaction, run: RunId, connection: ConnectionId, steps: readonly ConnectionTestStep[]): Promise<void> {
  await saveRunReport(tx, run, steps);
  const signIn = steps.find(({ step }) => step === 'sign-in');
  if (signIn?.outcome === 'passed') await sql`update exchange_connection set refused_at = null, refused_error = null where id = ${connection} and refused_at is not null`.execute(tx);
  else if (signIn?.outcome === 'failed' && refusals.has(signIn.code)) {
    await noteRefused(tx, connection, { class: 'AuthRejected', code: signIn.code ?? '', message: signIn.detail, next: signIn.next ?? '' });
  }
}

/** There was no test: the password cannot be opened, for example. */
export async function saveConnectionTestError(tx: OrganisationTransaction, run: RunId, connection: ConnectionId, error: ErrorReport): Promise<void> {
  await saveRunError(tx, run, error);
  if (error.class === 'AuthRejected') await noteRefused(tx, connection, error);
}

const noteRefused = (tx: OrganisationTransaction, connection: ConnectionId, error: ErrorReport) =>
  sql`update exchange_connection set refused_at = now(), refused_error = ${JSON.stringify(error)}::jsonb where id = ${connection}`.execute(tx);
