/** Long enough to even out pages that arrive one by one; short enough to show at once that nothing comes any more. */
const WINDOW_MS = 10_000;

/**
 * Measures how fast a count grows. Each call notes the count at a time and answers the rate per second over the last ten
 * seconds that were watched; undefined until two different times were seen.
 */
export function rateMeter(): (count: number, atMs: number) => number | undefined {
  let samples: { readonly count: number; readonly atMs: number }[] = [];
  return (count, atMs) => {
    // A count that falls is another reading: an attempt that began again.
    if (count < (samples.at(-1)?.count ?? 0)) samples = [];
    samples.push({ count, atMs });
    samples = samples.filter((sample) => atMs - sample.atMs <= WINDOW_MS);
    const first = samples[0];
    if (first === undefined || atMs <= first.atMs) return undefined;
    return ((count - first.count) * 1000) / (atMs - first.atMs);
  };
}
