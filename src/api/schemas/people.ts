import { Type } from 'typebox';
import { Bigint, nullable, Slug, Timestamp, Uuid } from './common.ts';

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
  /** Direct members. */
  members: Type.Integer(),
});
export type GroupSummary = Type.Static<typeof GroupSummary>;

const Source = Type.Object({
  integration: Slug,
  guid: Uuid,
  dn: Type.String(),
  rule: Type.String(),
  since: Timestamp,
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
    sources: Type.Array(Source),
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
});
export type GroupMember = Type.Static<typeof GroupMember>;
