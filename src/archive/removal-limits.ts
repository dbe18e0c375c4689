/** How many may leave at once before an administrator is asked. Pure: a synchronisation and its plan decide alike. */
import { DEFAULT_REMOVAL_LIMIT, type RemovalKind, type RemovalLimit, type RemovalSettings } from '../shared/directory.ts';

/** Fewer than this are never too many by percentage: a directory of twenty people may lose two. */
export const PERCENT_COUNTS_FROM = 10;

export const limitOf = (kind: RemovalKind, removal: RemovalSettings | undefined): Required<RemovalLimit> => ({
  ...DEFAULT_REMOVAL_LIMIT,
  ...removal?.limits?.[kind],
});

/**
 * Whether `leaving` objects are more than the settings let go without asking. `present`: all of that kind that are there, those
 * that leave included; looked at only from PERCENT_COUNTS_FROM on.
 */
export function passesLimit(kind: RemovalKind, leaving: number, present: number, removal: RemovalSettings | undefined): boolean {
  const { number, percent } = limitOf(kind, removal);
  return leaving > number || (leaving >= PERCENT_COUNTS_FROM && leaving * 100 > present * percent);
}

/** Nothing that happens in practice would be held. */
export function isUnlimited(kind: RemovalKind, removal: RemovalSettings | undefined): boolean {
  const { number, percent } = limitOf(kind, removal);
  return percent === 100 && number >= 1_000_000;
}
