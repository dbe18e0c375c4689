import { ConflictError } from './record-errors.ts';

/** As many as can be read in a sentence. */
const NAMED_USERS = 10;

/** Refuses the removal of what tasks use, by their names. @throws ConflictError `<kind>.in-use` */
export function refuseWhileUsed(kind: { readonly codePrefix: string; readonly words: string }, name: string, tasks: readonly string[]): void {
  if (tasks.length === 0) return;
  const named = tasks.slice(0, NAMED_USERS).map((task) => `"${task}"`);
  const others = tasks.length - named.length;
  throw new ConflictError({
    code: `${kind.codePrefix}.in-use`,
    message: `The ${kind.words} "${name}" is used by the ${tasks.length === 1 ? 'task' : 'tasks'} ${named.join(', ')}${others > 0 ? ` and ${others} more` : ''}.`,
    next: 'Give these tasks another one, or remove them, first.',
  });
}
