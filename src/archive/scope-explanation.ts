/** Why an object is taken, or which rules keep it out: what an administrator asks about one object. */
import type { DirectorySettings } from '../shared/directory.ts';
import { directoryScope, isTaken, type ScopedObject } from './directory-scope.ts';
import { normalDn } from './directory-dn.ts';

export type ScopeRule = 'kind' | 'base' | 'mail' | 'filter' | 'mail-domain';

export interface ScopeExplanation {
  readonly inScope: boolean;
  /** Every rule that keeps it out: correcting one of two would not do. */
  readonly keptOutBy: readonly ScopeRule[];
  /** In a sentence or several. */
  readonly detail: string;
}

/** Throws as directoryScope does. */
export function explainScope(object: ScopedObject, settings: DirectorySettings): ScopeExplanation {
  const rules = (Object.keys(sentences) as ScopeRule[]).filter((rule) => keepsOut(rule, object, settings));
  // What is never taken needs no further reason.
  const keptOutBy = rules.includes('kind') ? (['kind'] as const) : rules;
  const inScope = keptOutBy.length === 0;
  const detail = inScope ? inScopeDetail(settings) : `Kept out: ${keptOutBy.map((rule) => sentences[rule](settings)).join('; ')}.`;
  return { inScope, keptOutBy, detail };
}

function keepsOut(rule: ScopeRule, object: ScopedObject, settings: DirectorySettings): boolean {
  switch (rule) {
    case 'kind':
      return object.kind === 'container' || object.kind === 'foreign-principal';
    case 'base':
      return !directoryScope(settings).covers(normalDn(object.dn) ?? '');
    case 'mail':
      return !isTaken(object);
    case 'filter':
      // Whether it has an address is the rule before.
      return settings.filter !== undefined && isTaken(object) && !directoryScope({ ...settings, mailDomains: [] }).matches(object);
    case 'mail-domain':
      return isTaken(object) && !directoryScope({ mailDomains: settings.mailDomains ?? [] }).matches(object);
  }
}

const sentences: Readonly<Record<ScopeRule, (settings: DirectorySettings) => string>> = {
  kind: () => 'containers and foreign principals are read for what they say of others, and are never people or groups',
  base: ({ searchBases = [], baseDn = '' }) =>
    searchBases.length > 0 ? `it lies in none of the search bases (${searchBases.join('; ')})` : `it does not lie in the base DN (${baseDn})`,
  mail: () => 'it has no mail address (neither mail nor proxyAddresses), and people are taken only with one',
  filter: ({ filter = '' }) => `it does not match the filter ${filter}`,
  'mail-domain': ({ mailDomains = [] }) => `none of its addresses is in the mail domains (${mailDomains.join(', ')})`,
};

function inScopeDetail({ searchBases = [], baseDn, filter, mailDomains = [] }: DirectorySettings): string {
  const passed = [
    ...(searchBases.length > 0 ? ['lies in a search base'] : baseDn === undefined ? [] : ['lies in the base DN']),
    ...(filter === undefined ? [] : ['matches the filter']),
    ...(mailDomains.length > 0 ? ['has an address in the mail domains, where it needs one'] : []),
  ];
  return passed.length === 0 ? 'In scope: no rule keeps it out.' : `In scope: it ${passed.join(', ')}.`;
}
