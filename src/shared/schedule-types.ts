/** When work runs. Local times in a named zone; src/client/occurrences.ts turns them into instants. */

export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export type Weekday = (typeof weekdays)[number];

export type Schedule =
  /** `at`: local date and time, `2026-11-24T08:00`. */
  | { readonly kind: 'once'; readonly at: string; readonly timeZone: string }
  /** `at`: local time, `08:00`. */
  | { readonly kind: 'daily'; readonly at: string; readonly timeZone: string }
  /** Every `everyMinutes` from `start` until before `end`; a window may cross midnight; `start` = `end` is the whole day. */
  | {
      readonly kind: 'interval';
      readonly start: string;
      readonly end: string;
      readonly everyMinutes: number;
      readonly timeZone: string;
    }
  | { readonly kind: 'weekly'; readonly days: readonly Weekday[]; readonly at: string; readonly timeZone: string };

/**
 * When a directory is read in full unless somebody says otherwise: once a day, for changes come by themselves. At night, and at
 * an hour that no change of clocks skips or repeats.
 */
export const dailyReading = (timeZone: string): Extract<Schedule, { kind: 'daily' }> => ({ kind: 'daily', at: '04:30', timeZone });
