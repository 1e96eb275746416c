// Three rings by suffix: *.spec.ts pure, *.medium.spec.ts real database, sockets and disk, apps/e2e whole systems.
const swc = (decorators) => [
  '@swc/jest',
  {
    sourceMaps: 'inline',
    jsc: {
      target: 'es2023',
      experimental: { keepImportAttributes: true },
      parser: { syntax: 'typescript', tsx: true, decorators },
      transform: { ...(decorators && { legacyDecorator: true, decoratorMetadata: true }), react: { runtime: 'automatic' } },
    },
    module: { type: 'es6' },
  },
];
const project = (displayName, testMatch, ignore = []) => ({
  displayName,
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: { '/apps/manager/.*\\.ts$': swc(true), '\\.tsx?$': swc(false) },
  moduleNameMapper: { '^fast-check$': '<rootDir>/libs/test/kit/jest/seeded-fast-check.mjs' },
  testMatch,
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/libs/test/boundaries/fixtures/', ...ignore],
  modulePathIgnorePatterns: ['/dist/', '/\\.nx/', '/\\.tidegate/'],
});
const e2e = '/apps/e2e/';
export default {
  projects: [
    project('unit', ['**/*.spec.ts', '**/*.spec.tsx'], ['\\.medium\\.spec\\.', e2e]),
    project('medium', ['**/*.medium.spec.ts'], [e2e]),
    project('e2e', ['<rootDir>/apps/e2e/**/*.spec.ts']),
  ],
  reporters: ['default', '<rootDir>/libs/test/kit/jest/closing-line-reporter.mjs'],
  testTimeout: 30_000,
};
