import { Type } from 'typebox';
import { Bigint, nullable, Uuid } from './common.ts';

export const Hash = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256, hexadecimal' });

const BlobProblem = Type.Object({
  blob: Hash,
  problem: Type.Union([Type.Literal('missing'), Type.Literal('damaged')]),
  bytes: Type.Integer(),
  items: Type.Array(Type.Object({ mailbox: Uuid, address: Type.String(), item: Bigint }), {
    description: 'Messages that need it, now or in the past; the first hundred',
  }),
  itemCount: Type.Integer(),
});

/** A page of what `lockstep archive verify` reads. */
export const Verification = Type.Object({
  blobs: Type.Integer({ description: 'That were read' }),
  bytes: Type.Integer({ description: 'Of them, unpacked' }),
  problems: Type.Array(BlobProblem),
  next: nullable(Type.String({ description: 'Goes into `after`; null: that was all' })),
});
export type Verification = Type.Static<typeof Verification>;
export type BlobProblem = Type.Static<typeof BlobProblem>;
