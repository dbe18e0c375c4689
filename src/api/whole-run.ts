import type { OrganisationTransaction } from '../archive/database.ts';
import { listHeldSets } from '../archive/held-list.ts';
import { findRunView } from '../archive/run-list.ts';
import type { RunId } from '../shared/ids.ts';
import type { Run } from './schemas/directories.ts';
import { runAnswer } from './views.ts';

/**
 * A run with what it held.
 * @throws NotFoundError
 */
export const wholeRun = async (tx: OrganisationTransaction, run: RunId): Promise<Run> =>
  runAnswer(await findRunView(tx, run), await listHeldSets(tx, run));
