import type { AnyCommand } from './command.ts';

/** All commands, in the order of `lockstep --help`. */
export const commands: readonly AnyCommand[] = [];
