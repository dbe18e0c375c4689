import { text, UsageError } from './command.ts';

/** As of a moment of the past. */
export const momentOptions = {
  at: text('moment', 'as it was then: 2026-11-24, 2026-11-24T08:00 (local time), or RFC 3339 with a zone'),
};

/**
 * RFC 3339 in UTC, of what people write: a date is its beginning, a time without a zone is the computer's.
 * @throws UsageError
 */
export function momentOf(written: string | undefined): string | undefined {
  if (written === undefined) return undefined;
  const local = /^\d{4}-\d{2}-\d{2}$/.test(written) ? `${written}T00:00` : written.trim().replace(' ', 'T');
  const at = new Date(local);
  if (!/^\d{4}-\d{2}-\d{2}T/.test(local) || Number.isNaN(at.getTime())) {
    throw new UsageError(`--at ${written} is no moment. Write 2026-11-24, 2026-11-24T08:00, or 2026-11-24T08:00:00Z.`);
  }
  return at.toISOString();
}
