import type { Run } from '../../api/schemas/directories.ts';
import { clean, pad } from './clean.ts';
import { styled } from './style.ts';

type Steps = NonNullable<Run['report']>;

/** docs/admin-guide.md has them too. */
const titles: Readonly<Record<string, string>> = {
  resolve: 'find the server',
  connect: 'connect',
  tls: 'secure the connection',
  bind: 'sign in',
  rootdse: 'recognise the directory',
  'base-dn': 'find the base DN',
  'read-person': 'read a person',
  'read-group': 'read a group',
  'change-tracking': 'follow changes',
  'deleted-objects': 'see deletions',
  authentication: 'see how it signs in',
  'sign-in': 'sign in',
  impersonate: 'act as the owner',
  version: 'see the version',
  folders: 'read folders',
  items: 'read items',
  content: 'read content',
  find: 'find the object',
  read: 'read it',
  scope: 'see whether it is taken',
  apply: 'take it over',
};

const marks: Readonly<Record<string, string>> = { passed: '✓', failed: '✗', skipped: '–' };

/** The named steps of a test or of one object, one a line: mark, step, what was found or went wrong, and below it what to do. */
export function testStepsText(steps: Steps): string {
  const named = steps.map((step) => ({ ...step, title: titles[step.step] ?? clean(step.step) }));
  const width = named.reduce((widest, { title }) => Math.max(widest, title.length), 0);
  return named
    .flatMap((step) => {
      const mark = marks[step.outcome] ?? '?';
      const style = step.outcome === 'passed' ? 'good' : step.outcome === 'failed' ? 'bad' : 'dim';
      const code = step.code === undefined ? '' : ` (${clean(step.code)})`;
      const lines = [`${styled(style, mark)} ${pad(step.title, width)}  ${clean(step.detail)}${code}`];
      if (step.outcome === 'failed' && step.next !== undefined) lines.push(`  ${' '.repeat(width)}  → ${clean(step.next)}`);
      return lines;
    })
    .join('\n');
}
