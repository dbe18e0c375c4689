/** What a page did to one object, told by how it was before and how it is now. */
import { sql } from 'kysely';
import type { DirectoryObjectKind, DirectorySettings } from '../shared/directory.ts';
import type { IntegrationId } from '../shared/ids.ts';
import type { AppliedObject } from '../shared/site-contract.ts';
import { attributeChanges } from './attribute-changes.ts';
import type { OrganisationTransaction } from './database.ts';
import { explainScope } from './scope-explanation.ts';

/** Names of attributes shown in one sentence; a report's sentences have room for 4,000 characters. */
const SHOWN_ATTRIBUTES = 20;

export interface ObjectState {
  readonly guid: string;
  readonly kind: DirectoryObjectKind;
  readonly dn: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
  readonly listed: boolean;
  readonly missing: boolean;
  readonly inSource: boolean;
  readonly inScope: boolean;
  readonly members: number;
  /** Differs when another list of members does. */
  readonly memberList: string;
  readonly problems: number;
}

/** The object as it is stored; undefined: it is not. */
export async function objectState(tx: OrganisationTransaction, integration: IntegrationId, guid: string): Promise<ObjectState | undefined> {
  const { rows } = await sql<ObjectState>`
    select o.guid, o.kind, o.dn, o.display_name as name, o.attributes, o.listed, o.missing_since is not null as missing,
      o.in_source as "inSource", o.in_scope as "inScope", list.members, list.key as "memberList",
      (select count(*)::int from directory_problem p where p.integration_id = o.integration_id and p.guid = o.guid and p.resolved_at is null) as problems
    from directory_object o
    cross join lateral (
      select count(*)::int as members, coalesce(md5(string_agg(encode(m.member_key, 'hex'), '' order by m.member_key)), '') as key
      from directory_member m where m.group_id = o.id) list
    where o.integration_id = ${integration} and o.guid = ${guid}`.execute(tx);
  return rows[0];
}

export interface ObjectProgress {
  readonly guid: string;
  /** Undefined: it was not stored. */
  readonly before?: ObjectState | undefined;
  /** The directory said that it was deleted. */
  readonly deleted: boolean;
}

/** Throws as directoryScope does. */
export function appliedObject({ before, after, deleted }: Omit<ObjectProgress, 'guid'> & { readonly after: ObjectState | undefined }, settings: DirectorySettings): AppliedObject {
  const scope = after === undefined || deleted || !after.inSource ? gone : explainScope(after, settings);
  const outcome = outcomeOf(before, after);
  return { outcome, inScope: scope.inScope, scopeDetail: scope.detail, outcomeDetail: sentenceOf(outcome, before, after) };
}

const gone = { inScope: false, detail: 'What was deleted is in no scope.' };
const isPresent = (state: ObjectState | undefined): boolean => state?.listed === true && !state.missing;

function outcomeOf(before: ObjectState | undefined, after: ObjectState | undefined): AppliedObject['outcome'] {
  if (!isPresent(after)) return isPresent(before) ? 'removed' : 'ignored';
  if (after?.inScope === false) return 'held';
  if (before === undefined || !before.listed) return 'added';
  if (before.missing) return 'returned';
  return differences(before, after).length === 0 ? 'unchanged' : 'changed';
}

function sentenceOf(outcome: AppliedObject['outcome'], before: ObjectState | undefined, after: ObjectState | undefined): string {
  const name = after?.name ?? before?.name ?? 'It';
  switch (outcome) {
    case 'added':
      return `Added: ${name}.`;
    case 'returned':
      return `${name} was missing and is back.`;
    case 'changed':
      return `Changed: ${shortList(differences(before, after))}.`;
    case 'unchanged':
      return `${name} is in the archive as it is in the directory: nothing changed.`;
    case 'removed':
      return `${name} was there and is missing from now on, by the rules for removals. What the archive holds of it stays.`;
    case 'held':
      return `${name} would leave, but the rules for removals keep it for now.`;
    case 'ignored':
      return 'It is not taken, and was not there before: nothing changed.';
  }
}

function shortList(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_ATTRIBUTES).join(', ');
  return names.length > SHOWN_ATTRIBUTES ? `${shown} and ${names.length - SHOWN_ATTRIBUTES} more` : shown;
}

function differences(before: ObjectState | undefined, after: ObjectState | undefined): readonly string[] {
  if (before === undefined || after === undefined) return [];
  const changed = attributeChanges(before, after).map(({ attribute }) => (attribute === 'distinguishedName' ? 'distinguished name' : attribute));
  const members = before.memberList === after.memberList ? [] : [`members (${before.members} before, ${after.members} now)`];
  return [...changed, ...members];
}
