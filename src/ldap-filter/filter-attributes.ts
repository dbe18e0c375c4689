import type { Filter } from './filter.ts';
import { parseFilter } from './parse-filter.ts';

/** The attributes that a filter asks for, without options, each once; as they are written there. */
export function filterAttributes(filter: Filter): readonly string[] {
  const names = new Map<string, string>();
  const collect = (part: Filter): void => {
    if ('filters' in part) part.filters.forEach(collect);
    else if ('filter' in part) collect(part.filter);
    else if (part.attribute !== undefined) {
      const [name = ''] = part.attribute.split(';');
      if (!names.has(name.toLowerCase())) names.set(name.toLowerCase(), name);
    }
  };
  collect(filter);
  return [...names.values()];
}

/** The same of a filter's text; of none, or of a blank one, nothing. @throws as parseFilter */
export const attributesAskedBy = (filter: string | undefined): readonly string[] =>
  filter === undefined || filter.trim() === '' ? [] : filterAttributes(parseFilter(filter));
