import type { Attributes, AttributeValue } from './model.ts';

export const noValues: readonly AttributeValue[] = [];

export const asList = (value: AttributeValue | readonly AttributeValue[] | undefined): readonly AttributeValue[] => {
  if (value === undefined) return noValues;
  return typeof value === 'string' || Buffer.isBuffer(value) ? [value] : value;
};

export const valuesOf = (attributes: Attributes, name: string): readonly AttributeValue[] => asList(attributes[name]);

/** Values that are there only before, and only after. As they are spelled; order means nothing. */
export function difference(
  before: readonly AttributeValue[],
  after: readonly AttributeValue[],
): { readonly gone: readonly AttributeValue[]; readonly come: readonly AttributeValue[] } {
  if (before === after) return { gone: noValues, come: noValues };
  const [old, now] = [new Set(before.map(spelled)), new Set(after.map(spelled))];
  return {
    gone: before.filter((value) => !now.has(spelled(value))),
    come: after.filter((value) => !old.has(spelled(value))),
  };
}

const spelled = (value: AttributeValue): string =>
  typeof value === 'string' ? `text ${value}` : `bytes ${value.toString('hex')}`;
