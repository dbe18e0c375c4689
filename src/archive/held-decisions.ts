/** What an administrator decides on what a run held back: src/archive/held-sets.ts. */
import { sql } from 'kysely';
import { type RemovalKind, removalKinds } from '../shared/directory.ts';
import type { HeldKind } from '../shared/held.ts';
import type { RunId, TokenId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { recordClaims } from './directory-claims.ts';
import { carryOut, forgetRemoved, pending } from './directory-removals.ts';
import { holdPages } from './directory-tracking.ts';
import { acceptDoubt, isAcceptable } from './doubtful-readings.ts';
import { linkPeople, lockPeople, relinkGone } from './person-linking.ts';
import { attributeTo } from './past.ts';
import { ConflictError } from './record-errors.ts';
import { type DirectoryRunRow, findDirectoryRun } from './runs.ts';

export interface Decision {
  readonly run: RunId;
  /** Absent: all that is open of the run. */
  readonly kind?: HeldKind | undefined;
  readonly verdict: 'approved' | 'rejected';
  /** Who decided. */
  readonly token: TokenId;
}

/**
 * Carries out or drops the very set that was held: of its objects those of which it is still true. Those of a rejected set are not
 * asked about again until they come back and go once more.
 * @throws NotFoundError, ConflictError `run.nothing-held`, `run.held-replaced`, `run.not-acceptable`
 */
export async function decide(tx: OrganisationTransaction, { run: id, kind, verdict, token }: Decision): Promise<void> {
  const run = await findDirectoryRun(tx, id);
  await holdPages(tx, run.integration_id);
  await lockPeople(tx);
  // In the history what is done now is that run's.
  await attributeTo(tx, run.id);
  for (const set of await openSets(tx, run, kind)) {
    const objects = set === 'reading' ? await decideReading(tx, run, verdict) : await decideSet(tx, run, set, verdict);
    await tx
      .updateTable('held_set')
      .set({ state: verdict, resolved_at: sql<Date>`now()`, resolved_by: token, resolved_objects: objects })
      .where('run_id', '=', run.id)
      .where('kind', '=', set)
      .execute();
  }
}

async function openSets(tx: OrganisationTransaction, { id }: DirectoryRunRow, kind: HeldKind | undefined): Promise<readonly HeldKind[]> {
  const sets = (await tx.selectFrom('held_set').select(['kind', 'state']).where('run_id', '=', id).forUpdate().execute()).filter(
    (set) => kind === undefined || set.kind === kind,
  );
  const open = sets.filter(({ state }) => state === 'open').map((set) => set.kind);
  if (open.length > 0) return [...removalKinds, 'reading' as const].filter((known) => open.includes(known));
  if (sets.some(({ state }) => state === 'replaced')) {
    throw new ConflictError({
      code: 'run.held-replaced',
      message: 'A later synchronisation has decided anew on what this run held.',
      next: 'Look at the newest run of the directory: lockstep runs list --state held.',
    });
  }
  throw new ConflictError({
    code: 'run.nothing-held',
    message: sets.length > 0 ? 'It has been decided already on what this run held.' : 'This run holds nothing of that kind.',
    next: 'See what is held: lockstep runs list --state held.',
  });
}

async function decideSet(tx: OrganisationTransaction, run: DirectoryRunRow, kind: RemovalKind, verdict: Decision['verdict']): Promise<number> {
  const members = sql<boolean>`o.id in (select c.object_id from held_change c where c.run_id = ${run.id} and c.kind = ${kind})`;
  if (verdict === 'rejected') {
    const column = kind === 'disable' ? sql`kept_enabled_since` : sql`kept_since`;
    const { rows } = await sql`
      update directory_object o set ${column} = now() where ${pending[kind]} and ${members} returning 1`.execute(tx);
    return rows.length;
  }
  const { settings } = await tx.selectFrom('directory_integration').select('settings').where('id', '=', run.integration_id).executeTakeFirstOrThrow();
  const ids = await carryOut(tx, kind, settings, members);
  await forgetRemoved(tx, run.integration_id, kind);
  await linkPeople(tx, ids);
  await relinkGone(tx, run.integration_id);
  await recordClaims(tx, { run: run.id, epoch: Number(run.epoch ?? 0) });
  return ids.length;
}

async function decideReading(tx: OrganisationTransaction, { integration_id: integration, error }: DirectoryRunRow, verdict: Decision['verdict']): Promise<number> {
  if (verdict === 'rejected') return 0;
  const code = error?.code ?? '';
  if (!isAcceptable(code)) {
    throw new ConflictError({
      code: 'run.not-acceptable',
      message: `The directory could not be read (${code}), so there is nothing to take as it is.`,
      next: error?.next ?? 'Correct the settings of the directory and synchronise again.',
    });
  }
  await acceptDoubt(tx, integration, code);
  return 0;
}
