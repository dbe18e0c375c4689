/**
 * The directory that is measured, by its number of objects N: one in twenty is a team of 81, and one group has everybody in
 * it. That makes 5 N memberships.
 */
export interface DirectorySize {
  /** People and teams. The group of everybody, containers and what a new domain has come on top. */
  readonly objects: number;
  readonly people: number;
  readonly teams: number;
  readonly memberships: number;
}
export const TEAM_SIZE = 81;

export function directorySize(objects: number): DirectorySize {
  const teams = Math.floor(objects / 20);
  const people = objects - teams;
  return { objects, people, teams, memberships: teams * TEAM_SIZE + people };
}

/** By number; teams overlap. */
export const teamMembers = (team: number, people: number): number[] =>
  Array.from({ length: TEAM_SIZE }, (_, index) => (team * TEAM_SIZE + index) % people);
