import { Type } from 'typebox';
import { nullable, Slug, Timestamp, Uuid } from './common.ts';

/** `read`: look. `operate`: read + start, pause, resume. `admin`: operate + change settings, sites and tokens. */
export const Scope = Type.Union([Type.Literal('read'), Type.Literal('operate'), Type.Literal('admin')]);
export type Scope = Type.Static<typeof Scope>;

export const Organisation = Type.Object({ id: Uuid, name: Slug, displayName: Type.String(), createdAt: Timestamp });
export type Organisation = Type.Static<typeof Organisation>;
/** With what the organisation itself decides. */
export const OwnOrganisation = Type.Object({
  ...Organisation.properties,
  leaveOutPrivate: Type.Boolean({ description: 'Items marked Personal or Private are left out; they are counted' }),
});
export type OwnOrganisation = Type.Static<typeof OwnOrganisation>;
export const OrganisationChange = Type.Object({ leaveOutPrivate: Type.Boolean() }, { additionalProperties: false });
export type OrganisationChange = Type.Static<typeof OrganisationChange>;
export const NewOrganisation = Type.Object(
  { name: Slug, displayName: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })) },
  { additionalProperties: false },
);
export type NewOrganisation = Type.Static<typeof NewOrganisation>;

export const Token = Type.Object({
  id: Uuid,
  label: Type.String(),
  scopes: Type.Array(Scope),
  createdAt: Timestamp,
  expiresAt: nullable(Timestamp),
  lastUsedAt: nullable(Timestamp),
});
export type Token = Type.Static<typeof Token>;
export const NewToken = Type.Object(
  {
    label: Type.String({ minLength: 1, maxLength: 200 }),
    scopes: Type.Array(Scope, { minItems: 1, maxItems: 3 }),
    expiresInDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 3650, description: 'Absent: it never expires' })),
  },
  { additionalProperties: false },
);
export type NewToken = Type.Static<typeof NewToken>;
/** The only answer that ever holds the token. */
export const IssuedToken = Type.Object({ token: Type.String(), id: Uuid, label: Type.String(), scopes: Type.Array(Scope) });
export type IssuedToken = Type.Static<typeof IssuedToken>;
