import { mailDomain } from './company.ts';
import { departments } from './departments.ts';
import { type Identities, someDay } from './identity.ts';
import { latin } from './latin.ts';
import type { Contact, DynamicGroup, Group, Person } from './model.ts';
import { offices } from './offices.ts';
import type { Random } from './random.ts';

/**
 * Groups as companies have them: a list for each department and office, nested under one; "Everyone", which is flat and
 * as large as the company; teams that are also used for permissions; two project lists that contain each other; one
 * with people from outside; one that is empty; one whose name needs escaping in a DN.
 */
export function makeGroups(
  people: readonly Person[],
  contacts: readonly Contact[],
  random: Random,
  identities: Identities,
): Group[] {
  const staff = people.filter(({ left }) => !left);
  const group = (
    kind: Group['kind'],
    displayName: string,
    alias: string,
    members: readonly string[],
    owner?: string,
  ): Group => {
    const id = `group-${alias}`;
    return {
      kind,
      id,
      displayName,
      alias,
      members,
      owner,
      guid: identities.guid(id),
      addresses: kind === 'security-group' ? undefined : { primary: `${alias}@${mailDomain}`, aliases: [], x500: [] },
      createdAt: someDay(random),
    };
  };
  const ids = (chosen: readonly { readonly id: string }[]): string[] => chosen.map(({ id }) => id);
  const some = (count: number): string[] => [...new Set(Array.from({ length: count }, () => random.pick(staff).id))];

  const byDepartment = departments.map((department) => {
    const members = staff.filter((person) => person.department === department);
    return group(
      'distribution-group',
      `All ${department.name}`,
      `all.${latin(department.name)}`,
      ids(members),
      members[0]?.id,
    );
  });
  const byOffice = offices.map((office) =>
    group(
      'distribution-group',
      `${office.city} Office`,
      `office.${latin(office.ou)}`,
      ids(staff.filter((person) => person.office === office)),
    ),
  );
  const everyone = group('distribution-group', 'Everyone', 'everyone', ids(staff), staff[0]?.id);
  const allStaff = group('distribution-group', 'All Staff', 'all.staff', ids(byDepartment), staff[0]?.id);
  const reports = Map.groupBy(staff, ({ manager }) => manager);
  const teams = staff
    .filter(({ id }) => reports.has(id))
    .map((lead) => {
      const alias = identities.unique('alias', `team.${lead.alias}`);
      return group(
        'mail-security-group',
        `Team ${lead.displayName}`,
        alias,
        [lead.id, ...ids(reports.get(lead.id) ?? [])],
        lead.id,
      );
    });
  const comet = 'project.comet';
  const aurora = group('distribution-group', 'Project Aurora', 'project.aurora', [...some(6), `group-${comet}`]);
  return [
    everyone,
    allStaff,
    ...byDepartment,
    ...byOffice,
    ...teams,
    aurora,
    group('distribution-group', 'Project Comet', comet, [...some(5), aurora.id]),
    group('distribution-group', 'Sales, Europe + Asia', 'sales.regions', ids(byOffice).slice(0, 3)),
    group('distribution-group', 'Suppliers', 'suppliers', [...ids(contacts).slice(0, 12), ...some(2)]),
    group('distribution-group', 'Alumni', 'alumni', []),
    group('mail-security-group', 'Works Council', 'workscouncil.members', some(5)),
    group('security-group', 'VPN Users', 'vpn.users', [allStaff.id]),
    group('security-group', 'Licence Office', 'licence.office', ids(byDepartment).slice(0, 4)),
    group('security-group', 'File Server Finance', 'fs.finance', some(4)),
  ];
}

export function makeDynamicGroups(random: Random, identities: Identities): DynamicGroup[] {
  const make = (displayName: string, alias: string, opath: string, ldap: string): DynamicGroup => {
    const id = `dynamic-group-${alias}`;
    return {
      kind: 'dynamic-group',
      id,
      displayName,
      alias,
      opath,
      ldap,
      guid: identities.guid(id),
      addresses: { primary: `${alias}@${mailDomain}`, aliases: [], x500: [] },
      createdAt: someDay(random),
    };
  };
  return [
    make(
      'Managers (dynamic)',
      'dynamic.managers',
      "((RecipientType -eq 'UserMailbox') -and (Title -like '*Manager*'))",
      '(&(objectCategory=person)(objectClass=user)(mailNickname=*)(title=*Manager*))',
    ),
    ...departments
      .slice(1, 4)
      .map(({ name }) =>
        make(
          `${name} (dynamic)`,
          `dynamic.${latin(name)}`,
          `((RecipientType -eq 'UserMailbox') -and (Department -eq '${name}'))`,
          `(&(objectCategory=person)(objectClass=user)(mailNickname=*)(department=${name}))`,
        ),
      ),
  ];
}
