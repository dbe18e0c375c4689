import { Type } from 'typebox';
import { nullable, Slug, Timestamp, Uuid } from './common.ts';

export const SiteNode = Type.Object({ node: Type.String(), version: Type.String(), lastSeenAt: Timestamp, online: Type.Boolean() });
export const Site = Type.Object({
  id: Uuid,
  name: Slug,
  description: Type.String(),
  /** pending: never enrolled · online · offline: not seen for two minutes · disabled */
  state: Type.Union([Type.Literal('pending'), Type.Literal('online'), Type.Literal('offline'), Type.Literal('disabled')]),
  version: nullable(Type.String()),
  createdAt: Timestamp,
  enrolledAt: nullable(Timestamp),
  lastSeenAt: nullable(Timestamp),
  nodes: Type.Array(SiteNode),
});
export type Site = Type.Static<typeof Site>;
export const NewSite = Type.Object(
  { name: Slug, description: Type.Optional(Type.String({ maxLength: 500 })) },
  { additionalProperties: false },
);
export type NewSite = Type.Static<typeof NewSite>;
export const SiteChange = Type.Object(
  { description: Type.Optional(Type.String({ maxLength: 500 })), disabled: Type.Optional(Type.Boolean()) },
  { additionalProperties: false },
);
export type SiteChange = Type.Static<typeof SiteChange>;
/** Good once, for an hour. */
export const EnrolmentCode = Type.Object({ code: Type.String(), site: Slug, expiresAt: Timestamp });
export type EnrolmentCode = Type.Static<typeof EnrolmentCode>;
