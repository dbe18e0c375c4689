import { Type } from 'typebox';
import { nullable, Timestamp, Uuid } from './common.ts';

const Values = nullable(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])));

export const AuditEntry = Type.Object({
  number: Type.Integer({ minimum: 1, description: 'In the organisation, without gaps' }),
  at: Timestamp,
  by: Type.Object({ id: Uuid, label: Type.String() }, { description: 'The token that was shown' }),
  action: Type.String(),
  subject: Type.String(),
  before: Values,
  after: Values,
  hash: Type.String({
    description:
      'Hex SHA-256 of the bytes of the hash before (32 zeros before the first) and the JSON array [number, at, id, label, action, subject, before, after], values as sorted pairs',
  }),
});
export type AuditEntry = Type.Static<typeof AuditEntry>;
