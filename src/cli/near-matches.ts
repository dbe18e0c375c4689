/** Names close to one that does not exist: "did you mean …?" */

/** Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, (before[j - 2] ?? 0) + 1);
      next.push(least);
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? 0;
}

/** At most three of `known` that could have been meant by `given`, nearest first. */
export function nearMatches(given: string, known: readonly string[]): string[] {
  const wanted = given.toLowerCase();
  // A third of the letters may be wrong: `drectory` finds `directory`, but `x` does not find `up`.
  const most = Math.max(1, Math.floor(wanted.length / 3));
  return known
    .map((name) => ({ name, distance: name.toLowerCase().startsWith(wanted) && wanted.length > 1 ? 0.5 : distance(wanted, name.toLowerCase()) }))
    .filter((candidate) => candidate.distance <= most && candidate.distance < wanted.length)
    .sort((a, b) => a.distance - b.distance || a.name.localeCompare(b.name))
    .slice(0, 3)
    .map(({ name }) => name);
}

/** As one word of a command line: names of people and groups hold spaces. */
export const pasteable = (name: string): string => (/^[\w@%+=:,./-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`);

/** `Did you mean hq or hq-2?`, or undefined when nothing is near. */
export function didYouMean(given: string, known: readonly string[]): string | undefined {
  const near = nearMatches(given, known);
  return near.length === 0 ? undefined : `Did you mean ${near.map(pasteable).join(' or ')}?`;
}
