/**
 * Who may import whom, by path: the table of the layers. Nx says the same by tags (eslint.config.mjs), but sees neither
 * `import()`, `require()`, node builtins nor a relative path into another package; this does.
 * Every rule has a fixture in libs/test/boundaries/fixtures/<rule> that must fail with it.
 */
const PACKAGE = '^((?:libs/[^/]+|apps)/[^/]+)/';
const TEST_FILE = '(\\.spec\\.tsx?$|/testing/)';
const layers = (...names) => `^libs/(${names.join('|')})/`;

const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });
const layer = (name, mayImport) => {
  const others = ['contract', 'domain', 'engine', 'adapter', 'sdk'].filter((other) => !mayImport.includes(other));
  return forbid(
    `layer-${name}`,
    `${name} may import ${mayImport.join(', ') || 'nothing of ours'}.`,
    // A test may use the kit, and the kit stands on everything below the apps.
    { path: layers(name), pathNot: TEST_FILE },
    { path: [...others.map((other) => `^libs/${other}/`), '^libs/test/', '^apps/'], pathNot: `^libs/${name}/` },
  );
};

const app = (name, mayNotImport, why) => forbid(`app-${name}`, why, { path: `^apps/${name}/` }, { path: mayNotImport });

export default {
  forbidden: [
    layer('contract', ['contract']),
    layer('domain', ['contract']),
    layer('engine', ['contract', 'domain']),
    layer('adapter', ['contract', 'domain', 'engine']),
    layer('sdk', ['contract', 'domain', 'engine', 'adapter']),
    forbid(
      'same-layer',
      'A package never imports another one of its layer; contracts alone build on each other.',
      { path: '^libs/(domain|engine|adapter|sdk)/([^/]+)/' },
      { path: '^libs/$1/', pathNot: '^libs/$1/$2/' },
    ),
    forbid(
      'contract-order',
      'errors <- manifest, events <- protocol <- api.',
      { path: '^libs/contract/(errors|manifest|events)/' },
      { path: '^libs/contract/', pathNot: '^libs/contract/($1|errors)/' },
    ),
    forbid(
      'contract-order-protocol',
      'The node wire outlives the API and knows nothing of it.',
      { path: '^libs/contract/protocol/' },
      { path: '^libs/contract/api/' },
    ),
    forbid('test-kit-below-apps', 'The kit stands on everything below the apps.', { path: '^libs/test/' }, { path: '^apps/' }),
    forbid(
      'pure-no-builtin',
      'Contract and domain run in a browser as well: no node builtins.',
      { path: layers('contract', 'domain'), pathNot: TEST_FILE },
      { dependencyTypes: ['core'] },
    ),
    forbid(
      'contract-only-zod',
      'Contracts need zod and nothing else from npm.',
      { path: layers('contract'), pathNot: TEST_FILE },
      { path: 'node_modules/', pathNot: 'node_modules/zod/' },
    ),
    forbid('domain-no-npm', 'Decisions need nothing from npm.', { path: layers('domain'), pathNot: TEST_FILE }, { path: 'node_modules/' }),
    forbid(
      'app-never-app',
      'Apps run each other as processes and never import each other’s code.',
      { path: '^apps/([^/]+)/' },
      { path: '^apps/', pathNot: '^apps/$1/' },
    ),
    app('console', [layers('engine', 'adapter', 'sdk', 'test')], 'The console is contract and domain in a browser.'),
    forbid(
      'product-never-test',
      'What ships does not hold test code.',
      { path: '^(apps/(manager|edge|console|cli)|libs/(contract|domain|engine|adapter|sdk))/', pathNot: TEST_FILE },
      { path: ['^libs/test/', '/testing/', '\\.spec\\.tsx?$'] },
    ),
    forbid(
      'typeorm-only-manager',
      'The database has one owner.',
      { path: '^(apps|libs)/', pathNot: '^apps/manager/' },
      { path: 'node_modules/(@nestjs/)?typeorm/' },
    ),
    forbid(
      'entities-stay-in-persistence',
      'Entities never leave their feature’s persistence folder.',
      { path: '^apps/manager/', pathNot: ['/persistence/', TEST_FILE] },
      { path: '\\.entity\\.ts$' },
    ),
    forbid(
      'one-door',
      'Another package is entered by its index.ts only; its fakes and contract suites by testing/index.ts.',
      { path: PACKAGE },
      { path: '^libs/[^/]+/[^/]+/', pathNot: ['^$1/', '^libs/[^/]+/[^/]+/src/(testing/)?index\\.ts$', '^libs/test/kit/jest/'] },
    ),
    forbid(
      'by-name',
      'Another package is named, not reached by a relative path.',
      { path: PACKAGE },
      { dependencyTypes: ['local'], dependencyTypesNot: ['aliased-workspace'], path: '^(apps|libs)/', pathNot: '^$1/' },
    ),
    forbid(
      'no-circular',
      'Modules that need each other are one module.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    forbid('not-resolvable', 'Every import leads somewhere.', {}, { couldNotResolve: true }),
    forbid(
      'declared',
      'A package declares what it imports (its own package.json, or the root’s for tools and tests).',
      { path: '^(apps|libs)/', pathNot: TEST_FILE },
      { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['(^|/)dist/', '^libs/test/boundaries/fixtures/', '^apps/console/vite\\.config'] },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.cjs', '.json'],
    },
  },
};
