/** What the archive says of several directories, held against what it has to say. */
import type { Group, GroupMember, GroupSummary, Person, PersonSummary } from '../../../src/api/schemas/people.ts';
import type { Expected, ExpectedGroup, ExpectedMail, ExpectedPerson } from './expectations.ts';

/** The archive as the API shows it, or the functions below the API. */
export interface ArchiveReader {
  people(): Promise<readonly PersonSummary[]>;
  person(idOrAddress: string): Promise<Person>;
  groups(): Promise<readonly GroupSummary[]>;
  group(id: string): Promise<Group>;
  members(id: string): Promise<readonly GroupMember[]>;
}

/**
 * Where the archive differs from `expected`, in sentences; none when it is right.
 * @param isMeant by display name: whom to look at
 * @param roleOf which of the directories an integration reads; undefined: none
 */
export async function differences(
  archive: ArchiveReader,
  expected: Expected,
  { isMeant, roleOf }: { readonly isMeant: (name: string) => boolean; readonly roleOf: (integration: string) => string | undefined },
): Promise<string[]> {
  const ours = <T extends { readonly displayName: string; readonly state: string }>(items: readonly T[]): T[] =>
    items.filter(({ displayName, state }) => isMeant(displayName) && state !== 'missing');
  const objectsOf = ({ sources }: { readonly sources: readonly { readonly integration: string; readonly guid: string }[] }): string[] => sources.flatMap(({ integration, guid }) => {
    const role = roleOf(integration);
    return role === undefined ? [] : [`${role} ${guid}`];
  });
  const problems: string[] = [];

  const wanted = new Map(expected.people.flatMap((person) => person.objects.map((object) => [object, person] as const)));
  const idOf = new Map<string, string>();
  const listed = ours(await archive.people());
  const twice = listed.filter(({ id }, index) => listed.findIndex((other) => other.id === id) !== index);
  problems.push(...twice.map(({ id, displayName }) => `${displayName} (${id}) is listed more than once`));
  for (const { id } of new Map(listed.map((person) => [person.id, person])).values()) {
    const person = await archive.person(id);
    const found = new Set(objectsOf(person).flatMap((object) => wanted.get(object) ?? []));
    const [match] = found;
    if (match === undefined) problems.push(`${person.displayName} (${id}, ${person.state}) should not be here: ${objectsOf(person).join(', ')}`);
    else if (found.size > 1) problems.push(`${person.displayName} (${id}) is ${found.size} people: ${objectsOf(person).join(', ')}`);
    else {
      const key = match.objects.join();
      if (idOf.has(key)) problems.push(`${person.displayName} is two people: ${id} and ${idOf.get(key) ?? ''}`);
      idOf.set(key, id);
      problems.push(...personDifferences(person, match, new Set(objectsOf(person))).map((difference) => `${person.displayName} (${id}): ${difference}`));
    }
  }
  for (const person of expected.people) {
    if (!idOf.has(person.objects.join())) problems.push(`nobody is ${person.names.join(' or ')} (${person.objects.join(', ')})`);
    const id = idOf.get(person.objects.join());
    for (const address of person.holds) {
      const holder = await archive.person(address).then((found) => found.id, () => 'nobody');
      if (holder !== id) problems.push(`${address} is ${holder} and should be ${id ?? 'nobody'}`);
    }
  }
  const groups = new Map(expected.groups.map((group) => [group.object, group]));
  for (const { id, displayName } of ours(await archive.groups())) {
    const group = await archive.group(id);
    const [object = ''] = objectsOf(group);
    const match = groups.get(object);
    if (match === undefined) problems.push(`the group ${displayName} should not be here: ${object}`);
    else problems.push(...groupDifferences(group, await archive.members(id), match, idOf).map((difference) => `${displayName}: ${difference}`));
    if (match !== undefined) idOf.set(object, id);
    groups.delete(object);
  }
  problems.push(...[...groups.values()].map(({ name: group, dn }) => `no group is ${group}, ${dn}`));
  return problems;
}

function personDifferences(person: Person, expected: ExpectedPerson, objects: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  const one = (what: string, is: string, of: readonly string[]) => {
    if (of.length > 0 && !of.includes(is)) problems.push(`${what} is ${is} and should be ${of.join(' or ')}`);
  };
  one('the name', person.displayName, expected.names);
  one('the state', person.state, expected.states);
  for (const object of expected.objects) if (!objects.has(object)) problems.push(`${object} is not shown as a source`);
  const mail = { primary: person.primaryAddress ?? '', addresses: Object.fromEntries(person.addresses.map(({ address, held }) => [address, held])) };
  const text = ({ primary, addresses }: ExpectedMail): string => `${primary}, ${Object.entries(addresses).map(([address, held]) => `${address} ${held ? 'held' : 'claimed'}`).sort().join(', ')}`;
  one('mail', text(mail), expected.mail.map(text));
  return problems;
}

function groupDifferences(group: Group, members: readonly GroupMember[], expected: ExpectedGroup, idOf: ReadonlyMap<string, string>): string[] {
  const problems: string[] = [];
  if (group.displayName !== expected.name) problems.push(`is called ${group.displayName} and should be ${expected.name}`);
  if (group.sources[0]?.dn !== expected.dn) problems.push(`is ${group.sources[0]?.dn ?? ''} and should be ${expected.dn}`);
  const found = new Map(members.filter(({ by }) => by === 'member').map((member) => [member.dn, member]));
  for (const dn of found.keys()) if (!(dn in expected.members)) problems.push(`has ${dn}`);
  for (const [dn, meant] of Object.entries(expected.members)) {
    const member = found.get(dn);
    if (member === undefined) problems.push(`has not ${dn}`);
    // Groups are looked at in any order, so of a group it is only asked that it is one.
    else if (meant !== null && idOf.has(meant.join()) && member.id !== idOf.get(meant.join())) {
      problems.push(`${dn} is ${member.kind} ${member.id ?? ''} and should be ${idOf.get(meant.join()) ?? ''}`);
    } else if (meant !== null && member.kind === 'pending') problems.push(`${dn} is pending and should be ${meant.join()}`);
  }
  return problems;
}
