/** Dependencies point inward (docs/architecture.md, "Layout"). */
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: `^src/${from}/`, pathNot: '\\.test\\.ts$' },
  to: { path: '^src/', pathNot: [`^src/${from}/`, ...allowed.map((folder) => `^src/${folder}`)] },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'no-test-code-in-production', severity: 'error', from: { path: '^src/', pathNot: '\\.test\\.ts$' }, to: { path: '(^test/|\\.test\\.ts$)' } },
    only('shared-knows-nobody', 'shared', []),
    // Types of activities and the shared modules; nothing at run time (eslint keeps Node out).
    only('workflows-know-shared-and-activity-types', 'workflows', ['shared/', 'activities/']),
    { name: 'workflows-import-activities-as-types', severity: 'error', from: { path: '^src/workflows/' }, to: { path: '^src/activities/', dependencyTypesNot: ['type-only'] } },
    only('ldap-filter-is-a-language', 'ldap-filter', ['shared/']),
    only('archive-is-the-store', 'archive', ['shared/', 'security/', 'ldap-filter/']),
    only('security-knows-the-store', 'security', ['shared/', 'archive/database', 'archive/tables']),
    only('directory-is-a-source', 'directory', ['shared/', 'ldap-filter/']),
    only('codec-knows-keys', 'codec', ['shared/', 'security/']),
    only('gateway-relays', 'gateway', ['shared/', 'security/', 'codec/', 'archive/database']),
    only('client-knows-temporal-and-rows', 'client', ['shared/', 'archive/']),
    only('activities-are-glue', 'activities', ['shared/', 'archive/', 'directory/', 'exchange/', 'client/']),
    only('api-serves-the-archive', 'api', ['shared/', 'archive/', 'security/', 'client/', 'codec/']),
    only('sample-stands-alone', 'sample', ['shared/', 'ldap-filter/']),
    {
      name: 'a-site-never-touches-the-database',
      severity: 'error',
      from: { path: '^src/workers/site\\.ts$' },
      to: { path: '^(src/archive/|node_modules/(pg|kysely)/)', reachable: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    exclude: { path: '^(dist|coverage)/' },
  },
};
