/**
 * Search attributes of every workflow: for filtering in the Temporal UI, never encrypted, so slugs and ids only.
 * Keyword, because SQL visibility has ten of them and only three Text ones.
 */
export const searchAttributes = {
  organisation: 'LockstepOrganisation',
  site: 'LockstepSite',
  feature: 'LockstepFeature',
  task: 'LockstepTask',
  state: 'LockstepState',
} as const;
export type SearchAttributeName = (typeof searchAttributes)[keyof typeof searchAttributes];
