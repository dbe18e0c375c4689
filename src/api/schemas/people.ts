import { Type } from 'typebox';
import { AttributeChange, Bigint, nullable, Slug, Timestamp, Uuid } from './common.ts';

export const Address = Type.Object({
  address: Type.String(),
  primary: Type.Boolean(),
  /** False when an older object holds the address (a recorded problem). */
  held: Type.Boolean(),
  /** The account it belongs to is disabled (and the integration acknowledges that). */
  disabled: Type.Boolean(),
});

export const PersonSummary = Type.Object({
  id: Bigint,
  displayName: Type.String(),
  primaryAddress: nullable(Type.String()),
  kind: Type.String(),
  recipientType: Type.String(),
  state: Type.Union([Type.Literal('enabled'), Type.Literal('disabled'), Type.Literal('missing')]),
});
export type PersonSummary = Type.Static<typeof PersonSummary>;

export const GroupSummary = Type.Object({
  id: Bigint,
  displayName: Type.String(),
  primaryAddress: nullable(Type.String()),
  kind: Type.String(),
  recipientType: Type.String(),
  state: Type.Union([Type.Literal('enabled'), Type.Literal('missing')]),
  members: nullable(
    Type.Integer({ description: 'Direct members, those of a primary group included. null: a dynamic group, whose members are found when asked for' }),
  ),
});
export type GroupSummary = Type.Static<typeof GroupSummary>;

const Source = Type.Object({
  integration: Slug,
  guid: Uuid,
  dn: Type.String(),
  rule: Type.String(),
  since: Timestamp,
});

const PersonSource = Type.Object({
  ...Source.properties,
  state: Type.Union([Type.Literal('present'), Type.Literal('missing'), Type.Literal('outside'), Type.Literal('gone')], {
    description: 'outside: no recipient by itself. gone: that, and no longer in its directory',
  }),
  gives: Type.Array(Type.Union([Type.Literal('account'), Type.Literal('mail')]), {
    description: 'account: name, status and sign-in. mail: addresses and what else is of the mailbox',
  }),
});

export const Person = Type.Intersect([
  PersonSummary,
  Type.Object({
    addresses: Type.Array(Address),
    accountName: nullable(Type.String()),
    principalName: nullable(Type.String()),
    manager: nullable(Type.Object({ id: nullable(Bigint), displayName: Type.String() })),
    directReports: Type.Integer(),
    memberOf: Type.Array(Type.Object({ id: Bigint, displayName: Type.String() })),
    attributes: Type.Record(Type.String(), Type.Array(Type.String())),
    attributeSources: Type.Record(Type.String(), Slug, { description: 'By attribute: the directory that gives it' }),
    fieldSources: Type.Object(
      {
        displayName: Type.Optional(Slug),
        state: Type.Optional(Slug),
        accountName: Type.Optional(Slug),
        principalName: Type.Optional(Slug),
        manager: Type.Optional(Slug),
        recipientType: Type.Optional(Slug),
        addresses: Type.Optional(Slug),
      },
      { description: 'By field: the directory that gives it' },
    ),
    sources: Type.Array(PersonSource),
    missingSince: nullable(Timestamp),
    changedAt: Timestamp,
  }),
]);
export type Person = Type.Static<typeof Person>;

export const Group = Type.Intersect([
  GroupSummary,
  Type.Object({
    addresses: Type.Array(Address),
    memberOf: Type.Array(Type.Object({ id: Bigint, displayName: Type.String() })),
    attributes: Type.Record(Type.String(), Type.Array(Type.String())),
    sources: Type.Array(Source),
    missingSince: nullable(Timestamp),
    changedAt: Timestamp,
  }),
]);
export type Group = Type.Static<typeof Group>;

export const GroupMember = Type.Object({
  dn: Type.String(),
  /** pending: the object is not (yet) known. */
  kind: Type.Union([Type.Literal('person'), Type.Literal('group'), Type.Literal('pending')]),
  id: nullable(Bigint),
  displayName: nullable(Type.String()),
  primaryAddress: nullable(Type.String()),
  state: nullable(Type.Union([Type.Literal('enabled'), Type.Literal('disabled'), Type.Literal('missing')], { description: 'null where id is' })),
  by: Type.Union([Type.Literal('member'), Type.Literal('primary-group'), Type.Literal('filter')], {
    description: 'Why it is one: listed in the group, the group is its primary one, or it matches the filter of a dynamic group',
  }),
});
export type GroupMember = Type.Static<typeof GroupMember>;

export const HistoryEvent = Type.Object({
  at: Timestamp,
  kind: Type.Union(
    [
      Type.Literal('added'),
      Type.Literal('changed'),
      Type.Literal('renamed'),
      Type.Literal('enabled'),
      Type.Literal('disabled'),
      Type.Literal('removed'),
      Type.Literal('returned'),
      Type.Literal('deleted'),
      Type.Literal('linked'),
      Type.Literal('unlinked'),
      Type.Literal('joined'),
      Type.Literal('left'),
    ],
    { description: 'joined, left: of a person a group, of a group a member. linked: another object became this person' },
  ),
  run: nullable(Type.Object({ id: Uuid, number: Type.Integer() }, { description: 'null: told as a change, between runs' })),
  directory: nullable(Slug),
  changes: Type.Array(AttributeChange),
  rule: nullable(Type.String()),
  group: nullable(Type.Object({ id: nullable(Bigint), displayName: Type.String() })),
  member: nullable(Type.Object({ dn: Type.String() })),
});
export type HistoryEvent = Type.Static<typeof HistoryEvent>;
