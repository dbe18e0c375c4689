/**
 * The environment for a program that is not ours: without our settings, some of which are secrets, and without what
 * would change how PostgreSQL or the Temporal CLI behaves. Messages in English, so that logs can be searched.
 */
export function foreignEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !/^(?:LOCKSTEP_|DATABASE_|TEMPORAL_|PG[A-Z]|NODE_OPTIONS$|NODE_CHANNEL_)/.test(name)) kept[name] = value;
  }
  return { ...kept, LC_ALL: 'C' };
}
