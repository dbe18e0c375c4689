/** What to do next in words of the command line, where the API speaks of requests: its code → the command. */
import type { Problem } from '../api/schemas/common.ts';

const commands: Readonly<Record<string, string>> = {
  'auth.token-invalid': 'Give a valid token: lockstep organisation use NAME --token-file FILE, or LOCKSTEP_TOKEN. An administrator makes one: lockstep token add.',
  'connection.run-open': 'Wait until it ends, or cancel it: lockstep runs cancel NUMBER.',
  'database.unavailable': 'Try again; see: lockstep status.',
  'directory.credential-missing': 'Set it: lockstep directory change NAME --password.',
  'directory.has-objects': 'Pause it instead: lockstep directory pause NAME. What it read stays.',
  'directory.run-open': 'Wait until it ends, or cancel it: lockstep runs cancel NUMBER.',
  'organisation.has-tokens': 'Use that token (scope admin) to make more: lockstep token add.',
  'plan.forgotten': 'Make a new one: lockstep directory plan NAME.',
  'plan.other-open': 'Wait until it ends, or cancel it: lockstep runs cancel NUMBER.',
  'route.unknown': 'The server is of another version than this command: see lockstep status, and upgrade the older one.',
  'site.disabled': 'Enable it first: lockstep site enable NAME.',
  'task.run-open': 'Wait until it ends, or cancel it: lockstep runs cancel NUMBER.',
  'temporal.unavailable': 'Try again; see: lockstep status.',
};

export const inCommands = (problem: Problem): Problem => {
  const next = commands[problem.code];
  return next === undefined ? problem : { ...problem, next };
};
