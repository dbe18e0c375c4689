import { defineCommand } from '../command.ts';
import { exitCodeMeanings, exitCodes } from '../exit-codes.ts';

export const helpExitCodesCommand = defineCommand({
  path: ['help', 'exit-codes'],
  summary: 'What the exit codes mean',
  examples: [],
  async run() {
    return {
      exitCode: exitCodes.ok,
      text: exitCodeMeanings.map(({ code, meaning }) => `${String(code).padStart(3)}  ${meaning}`).join('\n'),
      data: exitCodeMeanings,
    };
  },
});
