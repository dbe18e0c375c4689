import type { Limits } from './limits.ts';
import type { AttributeValue } from './model.ts';
import type { StoredObject } from './object-table.ts';
import type { ResponseEntry } from './response.ts';
import { attributeType, forwardLinkOf } from '../../ldap-filter/schema.ts';
import type { View } from './view.ts';

interface Wanted {
  readonly name: string;
  /** `member;range=1500-*`: last undefined = as far as the limit lets. */
  readonly range: { readonly first: number; readonly last: number | undefined } | undefined;
}
/** What one search asks of each object. */
export type Selection = { readonly all: boolean; readonly wanted: readonly Wanted[]; readonly typesOnly: boolean };

const rangePattern = /^([^;]+);range=(\d{1,9})-(\d{1,9}|\*)$/i;

/** Unknown attributes are left out, as if the objects had none. */
export function selection(attributes: readonly string[], typesOnly: boolean): Selection {
  const wanted = attributes.flatMap((attribute): Wanted[] => {
    const [, base = attribute, first, last] = rangePattern.exec(attribute) ?? [];
    const type = attributeType(base);
    if (type === undefined) return [];
    const range =
      first === undefined ? undefined : { first: Number(first), last: last === '*' ? undefined : Number(last) };
    return [{ name: type.name, range }];
  });
  return { all: attributes.length === 0 || attributes.includes('*'), wanted, typesOnly };
}

/** The entry that answers, with long attributes cut as AD cuts them. */
export function select(
  object: StoredObject,
  view: View,
  { all, wanted, typesOnly }: Selection,
  limits: Limits,
): ResponseEntry {
  const attributes: { name: string; values: readonly AttributeValue[] }[] = [];
  const everything = all
    ? [...Object.keys(object.attributes), 'distinguishedName', ...forwardLinkOf.keys()].map((name) => ({
        name,
        range: undefined,
      }))
    : [];
  const named = new Set<string>();
  for (const { name, range } of [...wanted, ...everything]) {
    if (named.has(name)) continue;
    named.add(name);
    const values = view.values(object, name);
    if (values.length > 0) attributes.push(...ranged(name, values, range, limits.maxValRange));
  }
  return { dn: object.dn, attributes: typesOnly ? attributes.map(({ name }) => ({ name, values: [] })) : attributes };
}

/**
 * MS-ADTS 3.1.1.3.1.3.3, range retrieval of attribute values: at most `maxValRange` values; the part that holds the
 * last value is named `first-*`. A long attribute that was asked for without a range comes empty, its first part beside it.
 */
export function ranged(name: string, values: readonly AttributeValue[], range: Wanted['range'], maxValRange: number) {
  if (range === undefined && values.length <= maxValRange) return [{ name, values }];
  const first = range?.first ?? 0;
  const end = Math.min(first + maxValRange, values.length, (range?.last ?? Number.POSITIVE_INFINITY) + 1);
  if (first >= end) return [];
  const part = {
    name: `${name};range=${first}-${end === values.length ? '*' : end - 1}`,
    values: values.slice(first, end),
  };
  return range === undefined ? [{ name, values: [] }, part] : [part];
}
