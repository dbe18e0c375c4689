/** What a plan says. Types and the order in which it is shown. */

/**
 * What needs a decision or takes something away comes first.
 *
 * `held`: it would be removed or disabled, and that passes a limit. `conflict`: an address that another object holds.
 * `removed`, `returned`, `added`: it leaves or enters what the organisation sees. `disabled`, `enabled`: the account.
 * `linked`, `unlinked`: it becomes, or is no longer, one person with another object. `changed`: anything else of it.
 */
export const planActions = [
  'held',
  'conflict',
  'removed',
  'disabled',
  'unlinked',
  'linked',
  'enabled',
  'returned',
  'added',
  'changed',
] as const;
export type PlanAction = (typeof planActions)[number];

/** Attribute by attribute, as the source names them; a list of values on both sides, empty where there is none. */
export interface AttributeChange {
  readonly attribute: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export interface PlanCount {
  readonly people: number;
  readonly groups: number;
}
/** Actions that a plan has no entry of are absent. */
export type PlanCounts = Partial<Readonly<Record<PlanAction, PlanCount>>>;
