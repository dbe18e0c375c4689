/** Instants for people: local time with its zone. JSON output keeps the API's RFC 3339 in UTC. */

const formatter = (timeZone: string | undefined) =>
  new Intl.DateTimeFormat('en-GB', {
    ...(timeZone === undefined ? {} : { timeZone }),
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  });
const local = formatter(undefined);

/** `2026-11-24 08:00:15 CET`; the zone is the computer's unless given; `never` for null. */
export function localTime(instant: string | Date | null, timeZone?: string): string {
  if (instant === null) return 'never';
  const parts = (timeZone === undefined ? local : formatter(timeZone)).formatToParts(new Date(instant));
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((each) => each.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')}:${part('second')} ${part('timeZoneName')}`;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `0.4 s`, `12 s`, `3 min 4 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 10 * SECOND_MS) return `${(Math.max(0, ms) / SECOND_MS).toFixed(1)} s`;
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min ${Math.floor((ms % MINUTE_MS) / SECOND_MS)} s`;
  if (ms < DAY_MS) return `${Math.floor(ms / HOUR_MS)} h ${Math.floor((ms % HOUR_MS) / MINUTE_MS)} min`;
  return `${Math.floor(ms / DAY_MS)} d ${Math.floor((ms % DAY_MS) / HOUR_MS)} h`;
}

/** `just now`, `3 min ago`, `in 2 h`: coarse, for lists; `never` for null. */
export function relativeTime(instant: string | null, now: Date): string {
  if (instant === null) return 'never';
  const ms = new Date(instant).getTime() - now.getTime();
  const size = Math.abs(ms);
  if (size < 5 * SECOND_MS) return 'just now';
  const coarse =
    size < MINUTE_MS
      ? `${Math.floor(size / SECOND_MS)} s`
      : size < HOUR_MS
        ? `${Math.floor(size / MINUTE_MS)} min`
        : size < DAY_MS
          ? `${Math.floor(size / HOUR_MS)} h`
          : `${Math.floor(size / DAY_MS)} d`;
  return ms < 0 ? `${coarse} ago` : `in ${coarse}`;
}
