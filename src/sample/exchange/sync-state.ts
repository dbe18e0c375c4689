/** States of synchronisation as clients hold them: opaque, of one folder (or hierarchy) of one mailbox. */
import { EwsFault } from './soap.ts';

interface State {
  readonly scope: string;
  /** Raised to make all states of before invalid. */
  readonly generation: number;
  readonly position: Readonly<Record<string, number>>;
}

export const writeState = (state: State): string => Buffer.from(JSON.stringify(state)).toString('base64');

/** Undefined for an empty one. @throws EwsFault ErrorInvalidSyncStateData */
export function readState(text: string | undefined, scope: string, generation: number): Readonly<Record<string, number>> | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    const state = JSON.parse(Buffer.from(text, 'base64').toString()) as State;
    if (state.scope === scope && state.generation === generation) return state.position;
  } catch {
    // Not written here.
  }
  throw new EwsFault('ErrorInvalidSyncStateData', 'Synchronization state data is corrupt or otherwise invalid.');
}
