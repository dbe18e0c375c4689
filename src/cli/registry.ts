import type { AnyCommand } from './command.ts';
import { helpExitCodesCommand } from './commands/help-exit-codes.ts';
import { helpSettingsCommand } from './commands/help-settings.ts';

/** All commands, in the order of `lockstep --help`. */
export const commands: readonly AnyCommand[] = [
  helpSettingsCommand,
  helpExitCodesCommand,
];
