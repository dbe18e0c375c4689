import { type TSchema, Type } from 'typebox';
import { slugPattern } from '../../shared/names.ts';

export const Slug = Type.String({
  pattern: slugPattern.source,
  description: 'a short name of lower-case letters (a to z), digits and dashes, 1 to 40 characters, no dash at either end: head-office',
});
export const Uuid = Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' });
export const Bigint = Type.String({ pattern: '^[1-9][0-9]{0,18}$' });
export const Timestamp = Type.String({ description: 'RFC 3339, UTC' });
export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** One page of a list. `next` goes into `?after=` of the next request; null on the last page. */
export const page = <T extends TSchema>(item: T) => Type.Object({ items: Type.Array(item), next: nullable(Type.String()) });
export const PageQuery = Type.Object({
  after: Type.Optional(Type.String({ maxLength: 2000, description: '`next` of the page before' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
});

/** RFC 9457. `code` is stable; `next` says what to do. */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.String(),
  next: Type.Optional(Type.String()),
  errors: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
});
export type Problem = Type.Static<typeof Problem>;

export const ErrorReport = Type.Object({
  class: Type.String(),
  code: Type.String(),
  message: Type.String(),
  next: Type.String(),
});

/** `before` is empty where there was no value, `after` where there is none. */
export const AttributeChange = Type.Object({ attribute: Type.String(), before: Type.Array(Type.String()), after: Type.Array(Type.String()) });
