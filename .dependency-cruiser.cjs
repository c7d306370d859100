/**
 * The dependency rule. "A ← B" reads "B may import A":
 *   schemas ← everything · kernel ← all but schemas, domain · domain ← stages, serving, stores
 *   ports of broker and stores ← stages, serving (types only) · implementations ← main.ts files, ops, tests
 *   stages ← pipeline/main.ts, tests · serving ← the main.ts files, tests · ops ← tests
 * test/unit/tools/architecture.test.ts plants one violation of each rule and expects it to be caught.
 */
const kernel = '^pipeline/kernel/';
const domain = '^pipeline/domain/';
const ports = '^pipeline/(broker|stores)/[^/]+\\.ts$';
const implementations = '^pipeline/(broker|stores)/[^/]+/';
const stages = '^pipeline/stages/';
const serving = '^serving/';
/** Composition roots: `main.ts`, and a folder `main/` beside it where that grows. */
const main = '^(pipeline|serving)/main(\\.ts$|/)';
const pipelineMain = '^pipeline/main(\\.ts$|/)';
const drivers = '^node_modules/(kafkajs|pg|ioredis|drizzle-orm|@kafkajs/confluent-schema-registry)/';

const forbidden = [
  { name: 'no-cycle', from: {}, to: { circular: true } },
  { name: 'no-orphan', from: { orphan: true, pathNot: ['^[^/]+$', '^ops/cli/', '^test/', '\\.d\\.ts$'] }, to: {} },
  { name: 'no-unresolvable', from: {}, to: { couldNotResolve: true } },
  {
    name: 'no-undeclared-package',
    from: {},
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-optional', 'npm-peer'] },
  },
  {
    name: 'no-development-package-in-product',
    from: { path: '^(schemas|pipeline|serving)/' },
    to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'schemas-import-nothing-of-ours',
    from: { path: '^schemas/' },
    to: { path: '^(pipeline|serving|ops|test)/' },
  },
  {
    name: 'avsc-only-in-generated-schemas',
    from: { path: '^(schemas|pipeline|serving)/', pathNot: '^schemas/generated/' },
    to: { path: '^node_modules/avsc/' },
  },
  {
    name: 'kernel-knows-no-domain-and-no-store',
    comment: 'The runner may name the types of broker ports.',
    from: { path: kernel },
    to: { path: '^(pipeline|serving)/', pathNot: [kernel, '^pipeline/broker/[^/]+\\.ts$'] },
  },
  {
    name: 'only-the-runner-names-broker-ports',
    from: { path: kernel, pathNot: '^pipeline/kernel/(runner/|stage\\.ts$)' },
    to: { path: '^pipeline/broker/' },
  },
  {
    name: 'runner-takes-types-of-ports-only',
    from: { path: kernel },
    to: { path: '^pipeline/broker/', dependencyTypesNot: ['type-only'] },
  },
  { name: 'domain-is-pure', from: { path: domain }, to: { path: '^(pipeline|serving)/', pathNot: domain } },
  {
    name: 'domain-uses-no-platform',
    comment: 'Hashing is arithmetic; everything else of Node is I/O, clock or randomness.',
    from: { path: domain },
    to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
  },
  {
    name: 'domain-uses-zod-alone',
    from: { path: domain },
    to: { path: '^node_modules/', pathNot: '^node_modules/zod/' },
  },
  {
    name: 'ports-import-no-implementation',
    from: { path: ports },
    to: { path: `${implementations}|${stages}|${serving}` },
  },
  {
    name: 'implementations-stay-behind-their-ports',
    comment: 'Only composition roots, ops and tests may know what is real.',
    from: { path: '^(pipeline|serving)/', pathNot: [main, implementations] },
    to: { path: implementations },
  },
  {
    name: 'implementations-do-not-know-each-other',
    from: { path: '^(pipeline/(?:broker|stores)/[^/]+)/' },
    to: { path: implementations, pathNot: '^$1/' },
  },
  {
    name: 'implementations-import-no-stage-and-no-serving',
    from: { path: implementations },
    to: { path: `${stages}|${serving}` },
  },
  {
    name: 'stages-and-serving-take-types-of-ports-only',
    from: { path: `${stages}|${serving}`, pathNot: main },
    to: { path: ports, dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'stages-do-not-know-each-other',
    from: { path: '^pipeline/stages/([^/]+)/' },
    to: { path: stages, pathNot: '^pipeline/stages/$1/' },
  },
  {
    name: 'stages-are-composed-in-main',
    from: { path: '^(pipeline|serving)/', pathNot: [pipelineMain, stages] },
    to: { path: stages },
  },
  { name: 'serving-knows-no-broker', from: { path: serving, pathNot: main }, to: { path: '^pipeline/broker/' } },
  {
    name: 'serving-is-composed-in-main',
    from: { path: '^pipeline/', pathNot: pipelineMain },
    to: { path: serving },
  },
  {
    name: 'main-is-imported-by-ops-and-tests',
    from: { path: '^(pipeline|serving)/', pathNot: main },
    to: { path: main },
  },
  { name: 'ops-is-imported-by-nobody', from: { path: '^(schemas|pipeline|serving)/' }, to: { path: '^ops/' } },
  { name: 'test-is-imported-by-nobody', from: { pathNot: '^test/' }, to: { path: '^test/' } },
  {
    name: 'drivers-only-in-implementations',
    from: { path: '^(schemas|pipeline|serving)/', pathNot: implementations },
    to: { path: drivers },
  },
  {
    name: 'metrics-only-in-the-catalogue',
    from: { path: '^(schemas|pipeline|serving)/', pathNot: '^pipeline/kernel/metrics\\.ts$' },
    to: { path: '^node_modules/prom-client/' },
  },
  {
    name: 'http-only-at-the-doors',
    from: { path: '^(schemas|pipeline|serving)/', pathNot: [serving, '^pipeline/stages/ingest/', pipelineMain] },
    to: { path: '^node_modules/(hono|@hono)/' },
  },
];

module.exports = {
  forbidden: forbidden.map((rule) => ({ severity: 'error', ...rule })),
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    detectProcessBuiltinModuleCalls: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
