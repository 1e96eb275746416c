import eslint from '@eslint/js';
import nx from '@nx/eslint-plugin';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';
import fileName from './libs/test/boundaries/rules/file-name.mjs';

/**
 * Each rule here that guards a boundary has a fixture in libs/test/boundaries/fixtures that must fail with it.
 * What imports may cross which layer is checked twice: here by Nx tags, which know projects, and by dependency-cruiser, which
 * also sees `import()`, `require()`, node builtins and relative paths into another package.
 */
const SPECS = ['**/*.spec.ts', '**/*.spec.tsx'];
const TESTING = [...SPECS, '**/testing/**', 'libs/test/**', 'apps/e2e/**', 'apps/boot-guard/src/**'];
const PURE = ['libs/contract/*/src/**/*.ts', 'libs/domain/*/src/**/*.ts'];

const may = (sourceTag, ...layers) => ({ sourceTag, onlyDependOnLibsWithTags: layers.map((layer) => `layer:${layer}`) });
const LAYERS = [
  may('layer:contract', 'contract'),
  may('layer:domain', 'contract'),
  may('layer:engine', 'contract', 'domain'),
  may('layer:adapter', 'contract', 'domain', 'engine'),
  may('layer:sdk', 'contract', 'domain', 'engine', 'adapter'),
  may('layer:test', 'contract', 'domain', 'engine', 'adapter', 'sdk', 'test'),
  may('app:console', 'contract', 'domain'),
  may('app:manager', 'contract', 'domain', 'engine', 'adapter', 'sdk'),
  may('app:edge', 'contract', 'domain', 'engine', 'adapter', 'sdk'),
  may('app:boot-guard'),
  may('app:launcher', 'contract', 'domain', 'engine', 'adapter', 'sdk', 'test'),
  may('app:cli', 'contract', 'domain'),
  may('app:fleet-sim', 'contract', 'domain', 'engine', 'adapter', 'sdk'),
  may('app:e2e', 'contract', 'domain', 'engine', 'adapter', 'sdk', 'test'),
];

const ENVIRONMENT = {
  object: 'process',
  property: 'env',
  message: 'Only a composition root (main.ts, wiring.ts) or the launcher reads the environment.',
};
const CLOCKS = [
  { object: 'Date', property: 'now', message: 'Time is an argument of a decision.' },
  { object: 'Math', property: 'random', message: 'Randomness is an argument of a decision.' },
];
const OUTSIDE = ['process', 'Buffer', 'fetch', 'console', 'setTimeout', 'setInterval', 'setImmediate', 'performance', 'crypto'];

const ONLY = {
  selector: 'MemberExpression[object.name=/^(it|test|describe)$/][property.name="only"]',
  message: 'This hides every other test of the file.',
};
const SKIP = {
  selector: 'CallExpression[callee.object.name=/^(it|test|describe)$/][callee.property.name=/^(skip|todo|failing)$/]',
  message: 'A test that never runs is deleted. (Choosing `it` or `it.skip` by what the host can do is fine.)',
};
const SLEEP = {
  selector: 'NewExpression[callee.name="Promise"] CallExpression[callee.name="setTimeout"]',
  message: 'No test sleeps: wait on a condition or an event, and inject time.',
};
const NOW = { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: 'Time is an argument of a decision.' };

export default tseslint.config(
  {
    ignores: ['**/node_modules/**', '**/dist/**', '**/.nx/**', '**/.tidegate/**', '**/coverage/**', 'libs/test/boundaries/fixtures/**'],
  },
  eslint.configs.recommended,
  {
    name: 'every file',
    plugins: { tidegate: { rules: { 'file-name': fileName } } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'tidegate/file-name': 'error',
      'max-lines': ['error', 400],
      eqeqeq: 'error',
      // Names and paths are checked for control characters on purpose.
      'no-control-regex': 'off',
    },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: { sourceType: 'commonjs', globals: { ...nodeGlobals(), require: false, module: false, __dirname: false } },
  },
  { files: ['**/*.mjs'], languageOptions: { globals: nodeGlobals() } },
  {
    name: 'TypeScript',
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strict, tseslint.configs.recommendedTypeChecked],
    plugins: { '@nx': nx },
    // Two programs for the whole tree instead of one per package: a third of the time and half of the memory.
    languageOptions: {
      parserOptions: { project: ['tsconfig.base.json', 'apps/console/tsconfig.json'], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true, IIFEs: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false, attributes: false } }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/naming-convention': [
        'error',
        { selector: 'interface', format: ['PascalCase'], custom: { regex: '^I[A-Z]', match: false } },
        { selector: 'class', format: ['PascalCase'], custom: { regex: 'Impl$', match: false } },
      ],
      // An async function without await is how a port is met by a fake or by something that happens to be synchronous.
      '@typescript-eslint/require-await': 'off',
      // Our objects are closures, not classes; their methods do not need `this`.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@nx/enforce-module-boundaries': [
        'error',
        { depConstraints: LAYERS, ignoredCircularDependencies: [['@tidegate/test-kit', '*']], checkDynamicDependenciesExceptions: ['.*'] },
      ],
      'no-restricted-properties': ['error', ENVIRONMENT],
      'no-restricted-imports': ['error', { paths: [{ name: 'node:process', importNames: ['env'], message: ENVIRONMENT.message }] }],
    },
  },
  {
    name: 'contracts and decisions are pure',
    files: PURE,
    ignores: SPECS,
    rules: {
      'no-restricted-properties': ['error', ENVIRONMENT, ...CLOCKS],
      'no-restricted-globals': [
        'error',
        ...OUTSIDE.map((name) => ({ name, message: 'No IO, clock or randomness in contract and domain.' })),
      ],
      'no-restricted-syntax': ['error', NOW],
    },
  },
  {
    name: 'composition roots read the environment',
    files: ['**/main.ts', '**/wiring.ts', 'apps/launcher/**', ...TESTING],
    rules: { 'no-restricted-properties': 'off', 'no-restricted-imports': 'off' },
  },
  {
    name: 'the manager is Nest: classes that only carry decorators, and metadata that needs imports at run time',
    files: ['apps/manager/src/**/*.ts'],
    rules: { '@typescript-eslint/no-extraneous-class': 'off', '@typescript-eslint/consistent-type-imports': 'off' },
  },
  { ...reactHooks.configs.flat.recommended, name: 'react-hooks/recommended', files: ['apps/console/src/**/*.{ts,tsx}'] },
  {
    name: 'the console: markup counts as lines of its component',
    files: ['apps/console/src/**/*.tsx'],
    rules: { 'max-lines-per-function': ['error', { max: 120, skipBlankLines: true, skipComments: true }] },
  },
  {
    name: 'tests',
    files: TESTING,
    rules: {
      'max-lines': ['error', 800],
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Tests may reach for the kit from below it; dependency-cruiser still holds them to the layers.
      '@nx/enforce-module-boundaries': 'off',
      // What JSON.parse gave is looked at by an assertion right away.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      // A frame of `ws` is a Buffer or a list of them; both print as their text.
      '@typescript-eslint/no-base-to-string': 'off',
    },
  },
  { name: 'tests run, all of them, without sleeping', files: SPECS, rules: { 'no-restricted-syntax': ['error', ONLY, SKIP, SLEEP] } },
  {
    name: 'long by nature: registries, schemas, migrations',
    files: ['libs/contract/errors/src/registry.ts', '**/migrations/**', '**/*.schema.ts'],
    rules: { 'max-lines': 'off', 'max-lines-per-function': 'off' },
  },
);

function nodeGlobals() {
  const names = ['process', 'Buffer', 'console', 'URL', 'fetch', 'performance', 'setTimeout', 'setInterval', 'setImmediate'];
  return Object.fromEntries(
    [...names, 'clearTimeout', 'clearInterval', 'AbortSignal', 'AbortController', 'TextDecoder', 'TextEncoder'].map((name) => [
      name,
      false,
    ]),
  );
}
