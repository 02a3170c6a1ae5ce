/** The boundaries of docs/architecture.md, as a gate. @type {import('dependency-cruiser').IConfiguration} */
const lib = (names) => `^libs/(${names})/`;
const only = (name, comment, what, allowed) => ({
  name,
  comment,
  severity: 'error',
  from: { pathNot: allowed },
  to: { path: `node_modules/(${what})/` },
});

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-service-to-service',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'no-lib-to-service',
      severity: 'error',
      from: { path: '^(libs|contracts)/' },
      to: { path: '^(services|apps)/' },
    },
    { name: 'app-never-imports-service-code', severity: 'error', from: { path: '^apps/' }, to: { path: '^services/' } },
    {
      name: 'kernel-is-the-floor',
      severity: 'error',
      from: { path: lib('kernel') },
      to: { path: ['^contracts/', lib('(?!kernel)[^/]+')] },
    },
    {
      name: 'contracts-know-kernel-only',
      severity: 'error',
      from: { path: '^contracts/' },
      to: { path: lib('(?!kernel)[^/]+') },
    },
    {
      name: 'placement-is-pure',
      comment: 'the simulator runs it as it is: no I/O, no clock, nobody else',
      severity: 'error',
      from: { path: '^libs/placement/src/' },
      to: { pathNot: '^libs/placement/src/' },
    },
    {
      name: 'config-telemetry-low',
      severity: 'error',
      from: { path: lib('config|telemetry') },
      to: { path: lib('messaging|persistence|storage|http|inference|service|testing') },
    },
    {
      name: 'adapter-libs-apart',
      severity: 'error',
      from: { path: '^libs/(messaging|persistence|storage|http)/src/' },
      to: { path: lib('messaging|persistence|storage|http|inference|service'), pathNot: '^libs/$1/' },
    },
    {
      name: 'service-only-from-main',
      severity: 'error',
      from: { pathNot: ['^services/[^/]+/src/main[.]ts$', '/test/', '^libs/service/'] },
      to: { path: lib('service') },
    },
    {
      name: 'testing-only-from-tests',
      severity: 'error',
      from: { pathNot: ['/test/', '^test/', '^bench/', '^libs/testing/'] },
      to: { path: lib('testing') },
    },
    {
      name: 'domain-is-pure',
      severity: 'error',
      from: { path: '^services/[^/]+/src/domain/' },
      to: { pathNot: ['^services/[^/]+/src/domain/', '^libs/kernel/'] },
    },
    {
      name: 'application-knows-no-adapter',
      severity: 'error',
      from: { path: '^services/[^/]+/src/application/' },
      to: { path: '^services/[^/]+/src/(http|grpc|messaging|persistence|adapters)/' },
    },
    {
      name: 'adapters-apart',
      severity: 'error',
      from: { path: '^services/([^/]+)/src/(http|grpc|messaging|persistence)/' },
      to: { path: '^services/$1/src/(http|grpc|messaging|persistence)/', pathNot: '^services/$1/src/$2/' },
    },
    only('kafka-in-messaging', 'Kafka clients live behind the event log port', 'kafkajs|@platformatic/kafka', [
      '^libs/messaging/',
      '^node_modules/',
    ]),
    only('s3-in-storage', 'the AWS SDK lives behind the object store port', '@aws-sdk', [
      '^libs/storage/',
      '^node_modules/',
    ]),
    only('typeorm-in-persistence', 'TypeORM lives in persistence folders', 'typeorm', [
      '^libs/(persistence|testing)/',
      '^services/[^/]+/src/persistence/',
      '/test/',
      '^node_modules/',
    ]),
    {
      name: 'no-undeclared',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-deep-imports',
      severity: 'error',
      from: { path: '^(services|apps|libs)/([^/]+)/' },
      to: { path: '^libs/([^/]+)/src/', pathNot: ['^libs/[^/]+/src/(grpc/)?index[.]ts$', '^$1/$2/'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules|/dist/' },
    exclude: { path: '/dist/|^apps/workbench/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['development', 'import', 'require', 'node', 'default'],
    },
  },
};
