/** Which mailbox people mean. */
import { sql } from 'kysely';
import { InvalidIdError, type MailboxId, mailboxKey } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { findHolder } from './directory-relations.ts';
import { currentOrganisation } from './mailbox-lease.ts';
import { ConflictError, NotFoundError } from './record-errors.ts';

interface Candidate {
  readonly id: MailboxId;
  /** A task does something with it. */
  readonly owned: boolean;
}

/**
 * A mailbox by its key, by its primary address, or by another address of the person whose it is. Of several that had an address over time
 * the one that a task works on.
 * @throws NotFoundError
 * @throws ConflictError `mailbox.address-ambiguous`
 */
export async function findMailboxId(tx: OrganisationTransaction, keyOrAddress: string): Promise<MailboxId> {
  const candidates = await candidatesOf(tx, keyOrAddress.trim().toLowerCase());
  const owned = candidates.filter((candidate) => candidate.owned);
  const [only, second] = owned.length > 0 ? owned : candidates;
  if (only === undefined) throw new NotFoundError('such mailbox');
  if (second !== undefined) {
    throw new ConflictError({
      code: 'mailbox.address-ambiguous',
      message: 'More than one mailbox has, or had, this address.',
      next: 'Ask by id: the list of mailboxes has it.',
    });
  }
  return only.id;
}

async function candidatesOf(tx: OrganisationTransaction, text: string): Promise<readonly Candidate[]> {
  const columns = sql`m.id, exists (select from mailbox_owner o where o.mailbox_id = m.id) as owned`;
  const key = optionalKey(text);
  if (key !== undefined) return (await sql<Candidate>`select ${columns} from mailbox m where m.key = ${key}`.execute(tx)).rows;
  if (!text.includes('@')) return [];
  const { rows } = await sql<Candidate>`
    select ${columns} from mailbox m where m.org_id = ${currentOrganisation} and m.address = ${text}`.execute(tx);
  if (rows.length > 0) return rows;
  const holder = await findHolder(tx, text);
  if (holder === undefined) return [];
  const { rows: persons } = await sql<Candidate>`
    with objects as materialized (
      select ${holder.id}::bigint as id
      union
      select l.object_id from person_link l where l.person_id = ${holder.personId} and l.until is null
    )
    select ${columns} from objects cross join lateral (select * from mailbox m where m.object_id = objects.id offset 0) m`.execute(tx);
  return persons;
}

function optionalKey(text: string) {
  try {
    return mailboxKey(text);
  } catch (error) {
    if (error instanceof InvalidIdError) return undefined;
    throw error;
  }
}
