/** What a run held back for an administrator. */
import { removalKinds } from './directory.ts';

/** `reading`: everything, because what the source said is doubtful. */
export const heldKinds = [...removalKinds, 'reading'] as const;
export type HeldKind = (typeof heldKinds)[number];

/** open → approved | rejected | replaced. `replaced`: a later reading of the same directory decided anew. */
export type HeldState = 'open' | 'approved' | 'rejected' | 'replaced';
