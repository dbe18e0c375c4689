import { sql } from 'kysely';
import type { DirectoryChangeEntry, DirectoryMemberChange, DirectoryProblem } from '../shared/directory.ts';
import type { IntegrationId } from '../shared/ids.ts';
import type { OrganisationTransaction } from './database.ts';
import { dnKeyHex } from './directory-dn.ts';
import type { MemberChanges } from './directory-member-lists.ts';
import { type CurrentName, currentNames } from './directory-names.ts';
import { storable } from './directory-text.ts';

/**
 * What the changes of a page say of the members of groups, in the end. Who is known by GUID is the object itself, whatever
 * name is told; a name that went out of use a short while ago is the object that had it.
 */
export async function mergeMemberChanges(
  tx: OrganisationTransaction,
  integration: IntegrationId,
  changes: readonly DirectoryChangeEntry[],
): Promise<{ readonly groups: readonly MemberChanges[]; readonly problems: readonly DirectoryProblem[] }> {
  const told = changes.filter(({ memberAdded, memberRemoved }) => memberAdded.length + memberRemoved.length > 0);
  if (told.length === 0) return { groups: [], problems: [] };
  const members = told.flatMap(({ memberAdded, memberRemoved }) => [...memberAdded, ...memberRemoved]);
  const byGuid = await namesOfObjects(tx, integration, members.flatMap(({ guid }) => guid ?? []));
  const byFormerName = await currentNames(tx, integration, members.flatMap(({ dn }) => dnKeyHex(dn) ?? []));

  const groups = new Map<string, { usn: string | null; added: Map<string, CurrentName>; removed: Set<string> }>();
  const problems: DirectoryProblem[] = [];
  for (const { guid, usn, memberAdded, memberRemoved } of told) {
    const group = groups.get(guid) ?? { usn: null, added: new Map<string, CurrentName>(), removed: new Set<string>() };
    groups.set(guid, group);
    group.usn = usn ?? null;
    const namesOf = (member: DirectoryMemberChange): CurrentName[] => {
      const key = dnKeyHex(member.dn);
      const object = member.guid === undefined ? undefined : byGuid.get(member.guid);
      if (key === undefined && object === undefined) {
        problems.push({ guid, subject: member.dn, code: 'member.dn-invalid', detail: 'The distinguished name of this member cannot be understood.' });
      }
      const now = key === undefined ? null : byFormerName.get(key);
      const given = key === undefined || now === null ? [] : [now ?? { key, dn: storable(member.dn) }];
      return object === undefined ? given : [object, ...given];
    };
    for (const member of memberRemoved) {
      for (const { key } of namesOf(member)) {
        group.added.delete(key);
        group.removed.add(key);
      }
    }
    for (const member of memberAdded) {
      const [name] = namesOf(member);
      if (name === undefined) continue;
      group.removed.delete(name.key);
      group.added.set(name.key, name);
    }
  }
  return {
    groups: [...groups].map(([guid, { usn, added, removed }]) => ({ guid, usn, added: [...added.values()], removed: [...removed] })),
    problems,
  };
}

/** Of the own directory before all others: after a move to another domain both may have the object for a while. */
async function namesOfObjects(tx: OrganisationTransaction, integration: IntegrationId, guids: readonly string[]): Promise<Map<string, CurrentName>> {
  if (guids.length === 0) return new Map();
  const { rows } = await sql<{ guid: string; dn: string; dn_key: Buffer }>`
    select o.guid, o.dn, o.dn_key
    from directory_integration i
    cross join lateral (
      select * from directory_object o where o.integration_id = i.id and o.guid = any (${guids}::uuid[]) offset 0) o
    where o.in_source
    order by i.id = ${integration}`.execute(tx);
  return new Map(rows.map(({ guid, dn, dn_key }) => [guid, { key: dn_key.toString('hex'), dn }]));
}
