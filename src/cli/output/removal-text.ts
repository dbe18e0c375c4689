/** What becomes of who disappears, in words. */
import type { Settings } from '../directory-settings.ts';
import { DEFAULT_REMOVAL_LIMIT, removalKinds } from '../../shared/directory.ts';
import { count, counted } from './numbers.ts';

type Removal = Settings['removal'];

export function removalText(removal: Removal): string {
  const people = removal?.people ?? 'keep';
  if (people === 'keep') return 'people are kept, as missing; groups disappear';
  if (people === 'disable') return 'people are kept, as missing and disabled; groups disappear';
  return `people are deleted after ${counted(people.deleteAfterDays, 'day')}, their archive stays; groups disappear`;
}

/** `deletion: more than 500, or more than 5 %, are held`, by kind. */
export const limitTexts = (removal: Removal): string[] =>
  removalKinds.map((kind) => {
    const { number, percent } = { ...DEFAULT_REMOVAL_LIMIT, ...removal?.limits?.[kind] };
    return `${kind}: more than ${count(number)}, or more than ${percent} %, are held`;
  });
