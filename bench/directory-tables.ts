/**
 * The figures of bench/directory.ts as the tables of docs/benchmarks.md.
 *
 *   node bench/directory.ts | node bench/directory-tables.ts
 */
import { text } from 'node:stream/consumers';
import type { DirectoryBench } from './directory.ts';

const { results, aims } = JSON.parse((await text(process.stdin)).trim().split('\n').at(-1) ?? '') as DirectoryBench;

const table = (head: readonly string[], rows: readonly (readonly (string | number | undefined)[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map((cell) => cell ?? '–').join(' | ')} |`).join('\n');
const number = (value: number): string => value.toLocaleString('en');

const readings = table(
  ['source', 'objects', 'memberships', 'ldapsearch s', 'Lockstep s', 'ratio', 'of it committing s', 'objects/s', 'again, nothing changed s', 'peak MiB: site · server · PostgreSQL'],
  results.map(({ source, full, again, ldapsearch, wallRatio }) => [
    source, number(full.entries), number(full.members), ldapsearch?.wallSeconds, full.wallSeconds, wallRatio, full.commitSeconds, number(full.entriesPerSecond), again.wallSeconds,
    `${full.peakMiB['site']} · ${full.peakMiB['server']} · ${full.peakMiB['postgresql']}`,
  ]),
);
const perObject = (seconds: number | undefined, objects: number): number => Math.round(((seconds ?? 0) / objects) * 1e6);
const costs = table(
  ['CPU µs an object', 'objects', 'directory server', 'site: read, decode, send', 'server', 'PostgreSQL: commit', 'Temporal'],
  results.map(({ source, full }) => [
    source, number(full.entries),
    ...[full.directoryServerCpuSeconds, ...['site', 'server', 'postgresql', 'temporal'].map((part) => full.cpuSeconds[part])].map((seconds) => perObject(seconds, full.entries)),
  ]),
);
const polls = table(
  ['source', 'objects', '100 changes s', 'of it the directory s', 'nothing to do s', 'its LDAP requests'],
  results.flatMap(({ source, full, polls: of }) =>
    of === undefined ? [] : [[source, number(full.entries), of.deltaSeconds, of.ofItDirectorySeconds, of.nothingSeconds, of.nothingRequests]],
  ),
);
const profile = results.findLast(({ siteMicrosecondsPerEntry }) => siteMicrosecondsPerEntry !== undefined)?.siteMicrosecondsPerEntry;
const site = table(
  ['CPU µs an object', 'Lockstep', 'ldapts'],
  Object.entries(profile?.lockstep ?? {}).map(([what, micros]) => [what, micros, profile?.ldapts[what]]),
);
const verdicts = table(['aim', 'figure', 'met'], aims.map(({ aim, figure, met }) => [aim, figure, met ? 'yes' : '**no**']));

process.stdout.write(`${[readings, costs, polls, site, verdicts].join('\n\n')}\n`);
