import type { Group, GroupMember, GroupSummary } from '../../api/schemas/people.ts';
import { fields } from './fields.ts';
import { count } from './numbers.ts';
import { addressLines, attributesText, objectStyle, section, sourceLine } from './person-text.ts';
import { table } from './table.ts';
import { localTime } from './times.ts';

export const groupsTable = (groups: readonly GroupSummary[], width: number): string =>
  table(
    groups,
    [
      { title: 'NAME', value: (group) => group.displayName, shrink: true },
      { title: 'ADDRESS', value: (group) => group.primaryAddress ?? '', shrink: true },
      { title: 'TYPE', value: (group) => group.recipientType },
      { title: 'MEMBERS', value: (group) => (group.members === null ? 'dynamic' : count(group.members)), align: 'right' },
      { title: 'STATE', value: (group) => group.state, style: (group) => objectStyle(group.state) },
      { title: 'ID', value: (group) => group.id, align: 'right' },
    ],
    width,
  );

export const groupText = (group: Group): string =>
  [
    fields([
      ['group', group.displayName],
      ['state', group.missingSince === null ? group.state : `missing since ${localTime(group.missingSince)}`],
      ['type', `${group.recipientType} (${group.kind})`],
      ['members', membersText(group)],
      ['changed', localTime(group.changedAt)],
      ['id', group.id],
    ]),
    section('Addresses', addressLines(group.addresses)),
    section('Member of', group.memberOf.map((parent) => `${parent.displayName} (${parent.id})`)),
    attributesText(group.attributes),
    section('Sources', group.sources.map(sourceLine)),
  ]
    .filter((part) => part !== '')
    .join('\n\n');

const membersText = ({ id, members }: Group): string =>
  members === null
    ? `those that match its filter (lockstep group members ${id})`
    : `${count(members)} direct${members === 0 ? '' : ` (lockstep group members ${id})`}`;

const reasons: Record<GroupMember['by'], string> = { member: '', 'primary-group': 'primary group', filter: 'filter' };

export const membersTable = (members: readonly GroupMember[], width: number): string =>
  table(
    members,
    [
      { title: 'MEMBER', value: (member) => member.displayName ?? member.dn, shrink: true },
      { title: 'ADDRESS', value: (member) => member.primaryAddress ?? '', shrink: true },
      // pending: the object behind the DN is not (yet) known.
      { title: 'KIND', value: (member) => (member.kind === 'pending' ? 'not known' : member.kind), style: (member) => (member.kind === 'pending' ? 'dim' : undefined) },
      { title: 'STATE', value: (member) => member.state ?? '', style: (member) => objectStyle(member.state ?? '') },
      { title: 'BY', value: (member) => reasons[member.by] },
      { title: 'ID', value: (member) => member.id ?? '', align: 'right' },
    ],
    width,
  );
