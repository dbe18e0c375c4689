import type { NewToken } from './schemas/organisations.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Null: it never expires. */
export const expiryOf = ({ expiresInDays }: Pick<NewToken, 'expiresInDays'>, now: Date): Date | null =>
  expiresInDays === undefined ? null : new Date(now.getTime() + expiresInDays * DAY_MS);
