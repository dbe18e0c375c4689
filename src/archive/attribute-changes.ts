import type { AttributeChange } from '../shared/directory-plan.ts';

/** What people see of an object, before or after. */
export interface ObjectContent {
  readonly dn: string;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}

/** The name first, then attributes by name; the values of each are sorted on both sides. */
export function attributeChanges(before: ObjectContent, after: ObjectContent): AttributeChange[] {
  const changes: AttributeChange[] = [];
  const compare = (attribute: string, one: readonly string[], other: readonly string[]) => {
    if (JSON.stringify(one) !== JSON.stringify(other)) changes.push({ attribute, before: one, after: other });
  };
  compare('distinguishedName', [before.dn], [after.dn]);
  const names = new Set([...Object.keys(before.attributes), ...Object.keys(after.attributes)]);
  for (const name of [...names].sort()) compare(name, before.attributes[name] ?? [], after.attributes[name] ?? []);
  return changes;
}
