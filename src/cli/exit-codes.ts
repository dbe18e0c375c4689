/** Exit codes of `lockstep`. The one place; docs and `lockstep help exit-codes` are made from it. */
export const exitCodes = {
  /** Done. */
  ok: 0,
  /** Failed; the message says why and what to do. */
  failure: 1,
  /** The command line or a setting is wrong; nothing was done. */
  usage: 2,
  /** Done, but some objects have recorded problems, or something is held for an administrator. */
  partial: 3,
  /** The API, Temporal or the database cannot be reached. */
  unreachable: 4,
  /** Not allowed, or in conflict with what is there; nothing was changed. */
  refused: 5,
  /** What was asked for does not exist. */
  notFound: 6,
  /** Ended by Ctrl-C or SIGTERM before it was done (128 + SIGINT). */
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export const exitCodeMeanings: readonly { readonly code: ExitCode; readonly meaning: string }[] = [
  { code: exitCodes.ok, meaning: 'done' },
  { code: exitCodes.failure, meaning: 'failed; the message says why and what to do' },
  { code: exitCodes.usage, meaning: 'the command line or a setting is wrong; nothing was done' },
  { code: exitCodes.partial, meaning: 'done, but some objects have recorded problems, or what would go is held for an administrator' },
  { code: exitCodes.unreachable, meaning: 'the API, Temporal or the database cannot be reached' },
  { code: exitCodes.refused, meaning: 'not allowed, or in conflict with what is there; nothing was changed' },
  { code: exitCodes.notFound, meaning: 'what was asked for does not exist' },
  { code: exitCodes.interrupted, meaning: 'ended by Ctrl-C or SIGTERM before it was done' },
];
